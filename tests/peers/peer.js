// A plain Node.js program for the tests.  It knows nothing of sockgraft, and what it is told it holds for true; peer.py
// and Peer.java are the same programs.
//
// ask ADDRESS PORT                     a question; heeds only what comes from exactly there, and ends with that
// call ADDRESS PORT                    the same, connected
// dial ADDRESS PORT                    the same, by TCP
// send TEXT ADDRESS PORT [INTERFACE]   three datagrams TEXT1 to TEXT3, with a TTL and an interface of its own
// receive GROUP PORT INTERFACE [SOURCE]   joins; leaves the group when it hears "leave", and ends with "end"

"use strict";
const dgram = require("dgram");
const net = require("net");
const os = require("os");

const TTL = 1;
const six = (address) => address.includes(":");
const made = (address) => dgram.createSocket(six(address) ? "udp6" : "udp4");

// IPv4 interfaces are named by an address, IPv6 ones as a zone.
function named(interface_, like) {
  if (!interface_ || interface_ === "-") return undefined;
  if (six(like)) return "::%" + interface_;
  return os.networkInterfaces()[interface_].find((address) => address.family === "IPv4").address;
}

function verdict(address, port, peer, text) {
  const right = address === peer.address && port === peer.port;
  console.log(right ? "right" : "stranger", text.toString().trim());
  return right;
}

function heed(socket, peer) {
  socket.on("message", (text, from) => {
    if (verdict(from.address, from.port, peer, text)) socket.close();
  });
}

const commands = {
  ask(address, port) {
    const socket = made(address);
    heed(socket, { address, port: +port });
    socket.send("question", +port, address);
  },

  call(address, port) {
    const socket = made(address);
    heed(socket, { address, port: +port });
    socket.connect(+port, address, () => {
      const peer = socket.remoteAddress();
      verdict(peer.address, peer.port, { address, port: +port }, "name");
      socket.send("question");
    });
  },

  dial(address, port) {
    const socket = net.connect(+port, address, () => socket.write("question\n"));
    socket.on("data", (text) => {
      verdict(socket.remoteAddress, socket.remotePort, { address, port: +port }, text);
      socket.end();
    });
  },

  send(text, address, port, interface_) {
    const socket = made(address);
    socket.bind(0, () => {
      socket.setMulticastTTL(TTL);
      if (interface_) socket.setMulticastInterface(named(interface_, address));
      socket.send(text + "1", +port, address);
      socket.send([text, "2"], +port, address, () => {
        socket.connect(+port, address, () => socket.send(text + "3", () => socket.close()));
      });
    });
  },

  receive(group, port, interface_, source) {
    const socket = made(group);
    const by = named(interface_, group);
    socket.on("message", (text, from) => {
      const word = text.toString().trim();
      console.log(from.port, word);
      if (word === "leave") {
        if (source) socket.dropSourceSpecificMembership(source, group, by);
        else socket.dropMembership(group, by);
        console.log("left");
      } else if (word === "end") {
        socket.close();
      }
    });
    socket.bind(+port, () => {
      if (source) socket.addSourceSpecificMembership(source, group, by);
      else socket.addMembership(group, by);
      console.log("joined");
    });
  },
};

commands[process.argv[2]](...process.argv.slice(3));
