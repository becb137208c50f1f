"""The libraries that are compared, each set up as its users would have it, with the traffic on loopback left alone
or let through, so that none of them needs a server."""

import os
from glob import glob
from typing import NamedTuple

# Sockets that calls.c opens, by the ports it binds them to.
POLICY = (
    "udp port=20000-20999: join=239.1.1.1%lo ttl=16 dscp=ef; "
    "udp port=21000-21999: ttl=16 dscp=ef"
)
OTHERS = "udp port=30000: join=239.1.1.1%lo ttl=16 dscp=ef"
SETUP = "udp: join=239.1.1.1%lo tos=0x20 ttl=16"
TEN = "\n".join(
    [f"udp port={5000 + i} to=239.0.{i}.0/24: multicast-ttl={16 + i} dscp=ef" for i in range(5)]
    + [f"tcp port={8000 + i}: dscp=af11 rcvbuf=4M" for i in range(4)]
    + ["exe=legacyd: bind=any"]
)


class Candidate(NamedTuple):
    name: str
    library: str
    environment: dict
    setting: str  # how it is set up, in a word

    def environ(self):
        """The whole environment: nothing else is the same for whoever runs this."""
        preload = {"LD_PRELOAD": self.library} if self.library else {}
        return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", **preload, **self.environment}


NOTHING = Candidate("nothing", "", {}, "nothing preloaded")

PROXY = "127.0.0.0/8 without the proxy"
# name, library, Debian package, how it is set up, variables, and a file that one of them names, with its text
SHIMS = (
    ("socket_wrapper", "libsocket_wrapper.so", "libsocket-wrapper", "active: its directory is set",
     {"SOCKET_WRAPPER_DIR": "{}/"}, ""),
    ("trickle", "trickle/trickle-overload.so", "trickle", "active, without its daemon; 1 GB/s, which is no limit",
     {"TRICKLE_DOWNLOAD_LIMIT": "1000000", "TRICKLE_UPLOAD_LIMIT": "1000000", "TRICKLE_WINDOW_SIZE": "200",
      "TRICKLE_LATENCY": "50", "TRICKLE_TSMOOTH": "3.0", "TRICKLE_LSMOOTH": "20", "TRICKLE_VERBOSE": "0",
      "TRICKLE_ARGV": "calls", "TRICKLE_SOCKNAME": ""}, ""),
    ("torsocks", "torsocks/libtorsocks.so", "torsocks", "active; loopback is allowed, UDP too",
     {"TORSOCKS_CONF_FILE": "{}/conf"},
     "TorAddress 127.0.0.1\nTorPort 9050\nAllowInbound 1\nAllowOutboundLocalhost 2\n"),
    ("tsocks", "libtsocks.so", "tsocks", "active; " + PROXY,
     {"TSOCKS_CONF_FILE": "{}/conf"}, "local = 127.0.0.0/255.0.0.0\nserver = 127.0.0.1\n"),
    ("proxychains4", "libproxychains.so.4", "proxychains4", "active; " + PROXY,
     {"PROXYCHAINS_CONF_FILE": "{}/conf", "PROXYCHAINS_QUIET_MODE": "1"},
     "strict_chain\nlocalnet 127.0.0.0/255.0.0.0\n[ProxyList]\nsocks4 127.0.0.1 9050\n"),
    ("socksify", "libdsocksd.so.0", "dante-client", "active; 127.0.0.0/8 by a direct route, sockets bound locally",
     {"SOCKS_CONF": "{}/conf", "SOCKS_BINDLOCALONLY": "yes"},
     "route {\n from: 0.0.0.0/0 to: 127.0.0.0/8 via: direct\n}\n"),
    ("libkeepalive", "libkeepalive.so", "libkeepalive0", "active; concerns TCP alone", {}, ""),
    ("eatmydata", "libeatmydata.so", "libeatmydata1", "active; concerns fsync and its like", {}, ""),
)


def find(library):
    """Where Debian puts a library: the directory of the machine's own kind first."""
    places = glob(f"/usr/lib/*-linux-gnu*/{library}") + glob(f"/usr/lib/{library}")
    return places[0] if places else None


def shims(directory, say):
    """Those that are installed; `directory` takes their files."""
    found = []
    for name, library, package, setting, variables, text in SHIMS:
        path = find(library)
        if not path:
            say(f"{name} is left out: apt-get install {package}")
            continue
        own = os.path.join(directory, name)
        os.makedirs(own)
        if text:
            with open(os.path.join(own, "conf"), "w") as file:
                file.write(text)
        values = {key: value.format(own) for key, value in variables.items()}
        found.append(Candidate(name, path, values, setting))
    return found


class Sockgraft:
    """This library without a policy, and with policies."""

    def __init__(self, library):
        self.library = library
        self.idle = Candidate("sockgraft", library, {}, "no policy")
        self.policy = self.with_rules("policy on the socket", POLICY)
        self.others = self.with_rules("policy on others", OTHERS)
        self.setup = self.with_rules("setup", SETUP)
        self.ten = self.with_rules("ten rules", TEN)
        thousand = "".join(f"udp port={30001 + i}: ttl=16; " for i in range(998))
        self.thousand = self.with_rules("1,000 rules", thousand + POLICY)
        thousand += "udp port=29000: ttl=1; "
        self.thousand_others = self.with_rules("1,000 rules of others", thousand + OTHERS)

    def with_rules(self, name, rules):
        return Candidate(name, self.library, {"SOCKGRAFT_RULES": rules}, rules)
