"""A plain program for the tests.  It knows nothing of sockgraft, and what it is told it holds for true; peer.js and
Peer.java are the same programs.

ask ADDRESS PORT                     a question; heeds only what comes from exactly there, and ends with that
call ADDRESS PORT                    the same, connected
dial ADDRESS PORT                    the same, by TCP
send TEXT ADDRESS PORT [INTERFACE]   three datagrams TEXT1 to TEXT3, with a TTL, class and interface of its own
receive GROUP PORT INTERFACE [SOURCE]   joins; leaves the group when it hears "leave", and ends with "end"

And this one alone:

answer ADDRESS PORT [STRANGER]       answers each question, after the other address has answered it as well
"""

import os
import socket
import struct
import sys

TTL, CLASS = 1, 0x4A
IP_PKTINFO = 8
MCAST_JOIN_GROUP, MCAST_LEAVE_GROUP, MCAST_JOIN_SOURCE_GROUP, MCAST_LEAVE_SOURCE_GROUP = 42, 45, 46, 47


def say(*words):
    print(*words, flush=True)


def resolve(address, port):
    found = socket.getaddrinfo(address, port, type=socket.SOCK_DGRAM, flags=socket.AI_NUMERICHOST)
    return found[0][0], found[0][4]


def level(sock):
    return socket.IPPROTO_IPV6 if sock.family == socket.AF_INET6 else socket.IPPROTO_IP


def verdict(got, peer, text):
    say("right" if got[:2] == peer[:2] else "stranger", text.decode().strip())
    return got[:2] == peer[:2]


def ask(address, port):
    family, peer = resolve(address, port)
    sock = socket.socket(family, socket.SOCK_DGRAM)
    sock.sendto(b"question", peer)
    while True:
        text, source = sock.recvfrom(1500)
        if verdict(source, peer, text):
            return


def call(address, port):
    family, peer = resolve(address, port)
    sock = socket.socket(family, socket.SOCK_DGRAM)
    sock.connect(peer)
    verdict(sock.getpeername(), peer, b"name")
    sock.send(b"question")
    text, _, _, source = sock.recvmsg(1500)
    verdict(source, peer, text)


def dial(address, port):
    family, peer = resolve(address, port)
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.connect(peer)
    sock.sendall(b"question\n")
    text = sock.recv(1500)
    verdict(sock.getpeername(), peer, text)


def answer(address, port, stranger=None):
    family, own = resolve(address, port)
    sock = socket.socket(family, socket.SOCK_DGRAM)
    sock.bind(own)
    other = socket.socket(family, socket.SOCK_DGRAM)
    if stranger:
        other.bind(resolve(stranger, port)[1])
    say("ready")
    while True:
        text, source = sock.recvfrom(1500)
        say("heard", source[0], text.decode().strip())
        if stranger:
            other.sendto(b"intrusion\n", source)
        sock.sendto(b"answer\n", source)


def own_choice(sock, interface):
    """By options, and as control messages."""
    index = socket.if_nametoindex(interface) if interface else 0
    if sock.family == socket.AF_INET6:
        options = [(socket.IPV6_MULTICAST_HOPS, TTL), (socket.IPV6_TCLASS, CLASS), (socket.IPV6_MULTICAST_IF, index)]
        controls = [(socket.IPV6_HOPLIMIT, TTL), (socket.IPV6_TCLASS, CLASS)]
        info = (socket.IPV6_PKTINFO, struct.pack("=16xI", index))
    else:
        options = [(socket.IP_MULTICAST_TTL, TTL), (socket.IP_TOS, CLASS)]
        options.append((socket.IP_MULTICAST_IF, struct.pack("=8xi", index)))
        controls = [(socket.IP_TTL, TTL), (socket.IP_TOS, CLASS)]
        info = (IP_PKTINFO, struct.pack("=i8x", index))
    for option, value in options:
        sock.setsockopt(level(sock), option, value)
    return [(level(sock), what, struct.pack("=i", value)) for what, value in controls] + [(level(sock), *info)]


def send(text, address, port, interface=None):
    family, peer = resolve(address, port)
    sock = socket.socket(family, socket.SOCK_DGRAM)
    controls = own_choice(sock, interface)
    sock.sendto(text.encode() + b"1", peer)
    sock.sendmsg([text.encode(), b"2"], controls, 0, peer)
    sock.connect(peer)
    os.write(sock.fileno(), text.encode() + b"3")


def packed(sockaddr):
    if len(sockaddr) == 4:
        raw = struct.pack("=HHI", socket.AF_INET6, 0, 0) + socket.inet_pton(socket.AF_INET6, sockaddr[0])
    else:
        raw = struct.pack("=HH", socket.AF_INET, 0) + socket.inet_pton(socket.AF_INET, sockaddr[0])
    return raw.ljust(128, b"\0")


def receive(group, port, interface, source=None):
    family, there = resolve(group, port)
    sock = socket.socket(family, socket.SOCK_DGRAM)
    sock.bind(("", int(port)))
    request = struct.pack("@I4x", 0 if interface == "-" else socket.if_nametoindex(interface)) + packed(there)
    if source:
        request += packed(resolve(source, 0)[1])
    sock.setsockopt(level(sock), MCAST_JOIN_SOURCE_GROUP if source else MCAST_JOIN_GROUP, request)
    say("joined")
    while True:
        text, peer = sock.recvfrom(1500)
        word = text.decode().strip()
        say(peer[1], word)
        if word == "leave":
            sock.setsockopt(level(sock), MCAST_LEAVE_SOURCE_GROUP if source else MCAST_LEAVE_GROUP, request)
            say("left")
        elif word == "end":
            return


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
