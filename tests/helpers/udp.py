"""Plain socket programs for the tests: none knows multicast, except where an option asks for it.

send     sends datagrams, with a source, interface, TTL or class of its own choice where told so
receive  binds, receives, and prints a line "SOURCE PORT PAYLOAD" per datagram
hand     binds a socket and becomes COMMAND with that socket as a descriptor (activation, inetd)
pass     binds a socket and passes it over a Unix socket (SCM_RIGHTS)
options  makes a socket and prints what the kernel says of its options
serve    TCP: listens, accepts, answers each line with "answer"
ask      TCP: connects, sends "question", prints the answer
"""

import argparse
import array
import errno
import os
import selectors
import socket
import struct
import sys

IP_PKTINFO, IP_RECVTTL, IP_RECVTOS = 8, 12, 13
SO_RCVBUFFORCE = 33
MCAST_JOIN_GROUP = 42


def say(*words):
    print(*words, flush=True)


def resolve(address, port, kind=socket.SOCK_DGRAM):
    """The family and the address tuple; an IPv6 one may carry a zone, as in fe80::1%eth0."""
    found = socket.getaddrinfo(address, port, type=kind, flags=socket.AI_NUMERICHOST)
    return found[0][0], found[0][4]


def level(family):
    return socket.IPPROTO_IPV6 if family == socket.AF_INET6 else socket.IPPROTO_IP


def packed(family, sockaddr):
    """A struct sockaddr_storage."""
    if family == socket.AF_INET6:
        raw = struct.pack("=HHI", family, socket.htons(sockaddr[1]), 0)
        raw += socket.inet_pton(family, sockaddr[0].split("%")[0]) + struct.pack("=I", 0)
    else:
        raw = struct.pack("=HH", family, socket.htons(sockaddr[1]))
        raw += socket.inet_pton(family, sockaddr[0])
    return raw.ljust(128, b"\0")


def join(sock, group, interface):
    family, sockaddr = resolve(group, 0)
    index = socket.if_nametoindex(interface) if interface else 0
    sock.setsockopt(level(family), MCAST_JOIN_GROUP, struct.pack("@I4x", index) + packed(family, sockaddr))


def make_room(sock, size):
    """For what comes at once, as far as it may be had."""
    try:
        sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, size)
    except OSError:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size)


def set_options(sock, family, args):
    """The options a sending program of our own was told to set; none by default."""
    six = family == socket.AF_INET6
    if args.interface:
        index = socket.if_nametoindex(args.interface)
        if six:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
        else:
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, struct.pack("=4s4si", b"", b"", index))
    if args.tos is not None:
        sock.setsockopt(level(family), socket.IPV6_TCLASS if six else socket.IP_TOS, args.tos)
    if args.broadcast:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)


def send(args):
    family, target = resolve(args.address, args.port)
    sock = socket.socket(family, socket.SOCK_DGRAM)
    set_options(sock, family, args)
    if args.source or args.source_port:
        sock.bind(resolve(args.source or ("::" if family == socket.AF_INET6 else "0.0.0.0"), args.source_port)[1])
    if args.connect:
        sock.connect(target)
    for number in range(args.count):
        text = (args.text.replace("#", str(number + 1)) + "\n").encode()
        if args.connect:
            sock.send(text)
        elif args.how == "sendmsg":
            sock.sendmsg([text], [], 0, target)
        else:
            sock.sendto(text, target)


def controls(messages):
    """What the kernel told beside the datagram: hops (TTL or hop limit), class (TOS or class), destination."""
    told = {}
    for where, what, data in messages:
        if (where, what) in ((socket.IPPROTO_IP, socket.IP_TTL), (socket.IPPROTO_IPV6, socket.IPV6_HOPLIMIT)):
            told["hops"] = struct.unpack("=i", data)[0]
        elif where == socket.IPPROTO_IP and what == socket.IP_TOS:
            told["class"] = "0x%02x" % data[0]
        elif where == socket.IPPROTO_IPV6 and what == socket.IPV6_TCLASS:
            told["class"] = "0x%02x" % struct.unpack("=i", data)[0]
        elif where == socket.IPPROTO_IP and what == IP_PKTINFO:
            index, _, to = struct.unpack("=i4s4s", data)
            told["to"], told["on"] = socket.inet_ntop(socket.AF_INET, to), socket.if_indextoname(index)
        elif where == socket.IPPROTO_IPV6 and what == socket.IPV6_PKTINFO:
            to, index = struct.unpack("=16sI", data)
            told["to"], told["on"] = socket.inet_ntop(socket.AF_INET6, to), socket.if_indextoname(index)
    return " ".join("%s=%s" % (key, told[key]) for key in ("hops", "class", "to", "on") if key in told)


def want_controls(sock):
    for option in (IP_PKTINFO, IP_RECVTTL, IP_RECVTOS):
        sock.setsockopt(socket.IPPROTO_IP, option, 1)
    if sock.family == socket.AF_INET6:
        for option in (socket.IPV6_RECVPKTINFO, socket.IPV6_RECVHOPLIMIT, socket.IPV6_RECVTCLASS):
            sock.setsockopt(socket.IPPROTO_IPV6, option, 1)


def take(sock, args):
    """One datagram by the call asked for: its payload, its source, what came beside it."""
    if args.control:
        data, messages, _, source = sock.recvmsg(65536, 1024)
        return data, source, controls(messages)
    if args.how == "recvmsg":
        data, _, _, source = sock.recvmsg(65536, 256)
        return data, source, ""
    if args.how == "recvmsg_into":
        buffer = bytearray(65536)
        count, _, _, source = sock.recvmsg_into([buffer])
        return bytes(buffer[:count]), source, ""
    if args.how == "recv":
        return sock.recv(65536), ("-", 0), ""
    if args.how == "read":
        return os.read(sock.fileno(), 65536), ("-", 0), ""
    data, source = sock.recvfrom(65536)
    return data, source, ""


def show_name(sock):
    name = sock.getsockname()
    say("at", name[0], name[1])


def receive_one(sock, args):
    """One line per datagram.  False where the receive timeout passed first."""
    try:
        data, source, beside = take(sock, args)
    except BlockingIOError:
        return False
    text = data.decode("latin-1").strip()
    say(source[0], source[1], text, beside) if beside else say(source[0], source[1], text)
    if args.reply:
        sock.sendto((args.reply + "\n").encode(), source)
    return True


def made_socket(args, address, port):
    family, sockaddr = resolve(address, port)
    sock = socket.socket(family, socket.SOCK_DGRAM)
    if args.both_families:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    if args.reuse:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if not args.unbound:
        sock.bind(sockaddr)
    return sock


def received_descriptor(path):
    """The descriptor that another process passes us over the Unix socket at path."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(path)
    listener.listen(1)
    peer, _ = listener.accept()
    _, messages, _, _ = peer.recvmsg(1, socket.CMSG_SPACE(4))
    descriptors = array.array("i")
    descriptors.frombytes(messages[0][2])
    return socket.socket(fileno=descriptors[0])


def sockets(args):
    if args.fd is not None:
        return [socket.socket(fileno=args.fd)]
    if args.from_unix:
        return [received_descriptor(args.from_unix)]
    made = [made_socket(args, args.address, args.port)]
    if args.also:
        made.append(made_socket(args, args.also[0], int(args.also[1])))
    return made


def receive(args):
    made = sockets(args)
    for sock in made:
        if args.room:
            make_room(sock, args.room)
        if args.control:
            want_controls(sock)
        if args.timeout:
            # Python's own timeouts would wait in poll and make no call on the socket.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("@ll", 0, args.timeout * 1000))
    sock = made[0]
    set_options(sock, sock.family, args)
    for membership in args.join:
        join(sock, *(membership.split("%") + [""])[:2])
    if args.connect:
        sock.connect(resolve(args.connect[0], int(args.connect[1]))[1])
    if args.first_send:
        text, address, port = args.first_send
        sock.sendto((text + "\n").encode(), resolve(address, int(port))[1])
    if not args.silent:
        for one in made:
            show_name(one)
    count = 0
    if len(made) == 1:
        while count != args.count:
            count += receive_one(sock, args)
        return
    selector = selectors.DefaultSelector()
    for one in made:
        selector.register(one, selectors.EVENT_READ)
    while count != args.count:
        for key, _ in selector.select():
            count += receive_one(key.fileobj, args)


def hand(args):
    family, sockaddr = resolve(args.address, args.port)
    sock = socket.socket(family, socket.SOCK_DGRAM)
    sock.bind(sockaddr)
    if sock.fileno() != args.descriptor:
        os.dup2(sock.fileno(), args.descriptor, inheritable=True)
    os.set_inheritable(args.descriptor, True)
    os.environ["LISTEN_FDS"] = "1"
    os.environ["LISTEN_PID"] = str(os.getpid())
    os.execvp(args.command[0], args.command)


def hand_over(args):
    family, sockaddr = resolve(args.address, args.port)
    sock = socket.socket(family, socket.SOCK_DGRAM)
    sock.bind(sockaddr)
    peer = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    peer.connect(args.path)
    peer.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [sock.fileno()]))])


ASKED = {
    "tos": (socket.IPPROTO_IP, socket.IP_TOS),
    "ttl": (socket.IPPROTO_IP, socket.IP_TTL),
    "multicast-ttl": (socket.IPPROTO_IP, socket.IP_MULTICAST_TTL),
    "multicast-loop": (socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP),
    "multicast-all": (socket.IPPROTO_IP, 49),
    "tclass": (socket.IPPROTO_IPV6, socket.IPV6_TCLASS),
    "hoplimit": (socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS),
    "multicast-hoplimit": (socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS),
    "multicast-loop6": (socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_LOOP),
    "multicast-all6": (socket.IPPROTO_IPV6, 29),
    "reuseaddr": (socket.SOL_SOCKET, socket.SO_REUSEADDR),
    "reuseport": (socket.SOL_SOCKET, socket.SO_REUSEPORT),
    "rcvbuf": (socket.SOL_SOCKET, socket.SO_RCVBUF),
    "sndbuf": (socket.SOL_SOCKET, socket.SO_SNDBUF),
    "mark": (socket.SOL_SOCKET, 36),
    "priority": (socket.SOL_SOCKET, socket.SO_PRIORITY),
}


def show_options(sock):
    for name, (where, what) in ASKED.items():
        try:
            say("%s=%d" % (name, sock.getsockopt(where, what)))
        except OSError as error:
            if error.errno not in (errno.EOPNOTSUPP, errno.ENOPROTOOPT, errno.EINVAL):
                raise
    say("device=%s" % sock.getsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, 16).rstrip(b"\0").decode())


def options(args):
    family = {"ipv4": socket.AF_INET, "ipv6": socket.AF_INET6}[args.family]
    kind = {"udp": socket.SOCK_DGRAM, "tcp": socket.SOCK_STREAM, "raw": socket.SOCK_RAW}[args.kind]
    protocol = (58 if args.family == "ipv6" else 1) if args.kind == "raw" else 0
    sock = socket.socket(family, kind, protocol)
    if args.bind:
        sock.bind(resolve(args.bind[0], int(args.bind[1]), kind)[1])
    if args.connect:
        sock.connect(resolve(args.connect[0], int(args.connect[1]), kind)[1])
    show_options(sock)


def serve(args):
    family, sockaddr = resolve(args.address, args.port, socket.SOCK_STREAM)
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(sockaddr)
    listener.listen(8)
    show_name(listener)
    while True:
        accepted, _ = listener.accept()
        if args.options:
            show_options(accepted)
        accepted.recv(100)
        accepted.sendall(b"answer\n")
        accepted.close()


def ask(args):
    family, sockaddr = resolve(args.address, args.port, socket.SOCK_STREAM)
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.connect(sockaddr)
    sock.sendall(b"question\n")
    say(sock.recv(100).decode().strip())


def own_choice(parser):
    """Options by which a program of the test itself, never a grafted one, picks its multicast settings."""
    parser.add_argument("--interface")
    parser.add_argument("--tos", type=lambda text: int(text, 0))
    parser.add_argument("--broadcast", action="store_true")


def command_line():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)

    def command(name, function, *words):
        sub = commands.add_parser(name)
        for word in words:
            sub.add_argument(word, type=int if word in ("port", "descriptor") else str)
        sub.set_defaults(run=function)
        return sub

    sub = command("send", send, "text", "address", "port")
    own_choice(sub)
    sub.add_argument("--source")
    sub.add_argument("--source-port", type=int, default=0)
    sub.add_argument("--connect", action="store_true")
    sub.add_argument("--count", type=int, default=1, help="# in the text is the number of the datagram")
    sub.add_argument("--how", default="sendto")

    sub = command("receive", receive)
    sub.add_argument("address", nargs="?", default="0.0.0.0")
    sub.add_argument("port", nargs="?", type=int, default=0)
    own_choice(sub)
    sub.add_argument("--how", default="recvfrom", help="recvfrom, recv, recvmsg, recvmsg_into, read")
    sub.add_argument("--control", action="store_true", help="print what control messages tell")
    sub.add_argument("--room", type=int, metavar="BYTES", help="for datagrams that wait")
    sub.add_argument("--connect", nargs=2)
    sub.add_argument("--first-send", nargs=3, metavar=("TEXT", "ADDRESS", "PORT"))
    sub.add_argument("--unbound", action="store_true")
    sub.add_argument("--reply")
    sub.add_argument("--fd", type=int)
    sub.add_argument("--from-unix")
    sub.add_argument("--also", nargs=2, metavar=("ADDRESS", "PORT"))
    sub.add_argument("--join", action="append", default=[], metavar="GROUP%INTERFACE")
    sub.add_argument("--reuse", action="store_true")
    sub.add_argument("--both-families", action="store_true")
    sub.add_argument("--timeout", type=int, metavar="MS", help="SO_RCVTIMEO; the call is made again")
    sub.add_argument("--count", type=int, default=-1)
    sub.add_argument("--silent", action="store_true", help="no line \"at ADDRESS PORT\" first")

    sub = command("hand", hand, "address", "port", "descriptor")
    sub.add_argument("command", nargs=argparse.REMAINDER)
    command("pass", hand_over, "address", "port", "path")

    sub = command("options", options, "family", "kind")
    sub.add_argument("--bind", nargs=2)
    sub.add_argument("--connect", nargs=2)

    sub = command("serve", serve, "address", "port")
    sub.add_argument("--options", action="store_true", help="print the options of accepted sockets")
    command("ask", ask, "address", "port")
    return parser


def main():
    args = command_line().parse_args()
    try:
        args.run(args)
    except OSError as error:
        sys.exit("%s: %s" % (errno.errorcode.get(error.errno, "?"), error))
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
