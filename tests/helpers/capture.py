"""capture.py INTERFACE FILE: writes every packet that the interface sends or receives, as tcpdump -w would.

tcpdump itself gives up its privileges at start, which the root of a user namespace may not do."""

import socket
import struct
import sys
import time

ETH_P_ALL = 3
LINKTYPE_ETHERNET = 1


def main():
    packets = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    packets.bind((sys.argv[1], ETH_P_ALL))
    out = open(sys.argv[2], "wb")
    out.write(struct.pack("=IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, LINKTYPE_ETHERNET))
    out.flush()
    while True:
        packet = packets.recv(65535)
        now = time.time()
        out.write(struct.pack("=IIII", int(now), int(now % 1 * 1e6), len(packet), len(packet)) + packet)
        out.flush()


main()
