"""Multicast into a receiver that knows only unicast: grafted, against a receiver written for multicast, against the
relay that people write today, and against a receiver whose group another process holds.

Two hosts, which are network namespaces: this one sends, on processor 0; the other receives, on processor 1.
"""

import os
import subprocess
import time

from rounds import of_rounds, ratios

GROUP, PORT, RECEIVER = "239.1.1.1", "5000", "10.77.0.2"
FLOOD, PACED = ("0", "0.5"), ("4000", "0.5")  # a rate and seconds
DEADLINE, TRIES = 10, 3
# On a processor, and never left behind.
ON_ZERO, ON_ONE = (["setpriv", "--pdeathsig", "KILL", "taskset", "-c", processor] for processor in "01")
VARIANTS = ("native", "grafted", "held", "relay")
# Grafted and native are compared to within 2 %, which takes more rounds than to see what a relay costs.
ROUNDS = {"native": 32, "grafted": 32, "held": 8, "relay": 8}
MEASURES = ("delivered", "processor", "median", "p99")


class Hosts:
    """a0 here, b0 on the receiver, which lives as long as a process that holds it."""

    def __init__(self):
        self.holder = subprocess.Popen(
            ["unshare", "--net", "setpriv", "--pdeathsig", "KILL", "sh", "-c", "echo up; exec sleep 3600"],
            stdout=subprocess.PIPE,
        )
        self.holder.stdout.read(1)
        ip("link", "add", "a0", "type", "veth", "peer", "name", "b0", "netns", str(self.holder.pid))
        for on, interface, address in (([], "a0", "10.77.0.1/24"), (self.on(), "b0", RECEIVER + "/24")):
            ip("address", "add", address, "dev", interface, on=on)
            ip("link", "set", interface, "up", on=on)
            ip("link", "set", "lo", "up", on=on)

    def on(self):
        return ["nsenter", f"--net=/proc/{self.holder.pid}/ns/net"]

    def joined(self):
        with open(f"/proc/{self.holder.pid}/net/igmp") as file:
            return "010101EF" in file.read()

    def bound(self, port):
        with open(f"/proc/{self.holder.pid}/net/udp") as file:
            return f":{port:04X} " in file.read()

    def end(self):
        self.holder.kill()
        self.holder.wait()


def ip(*words, on=()):
    subprocess.run([*on, "ip", *words], check=True)


def wait_until(holds):
    end = time.monotonic() + DEADLINE
    while not holds():
        if time.monotonic() > end:
            raise TimeoutError("the receiver did not come up")
        time.sleep(0.002)


class Multicast:
    def __init__(self, build, library):
        self.programs = f"{build}/bench"
        self.hosts = Hosts()
        on_one = [*self.hosts.on(), *ON_ONE]
        receiver = f"{self.programs}/receiver"
        graft = ["env", f"SOCKGRAFT_JOIN={GROUP}%b0", f"LD_PRELOAD={library}"]
        self.receivers = {
            "native": [*on_one, receiver, "0.0.0.0", PORT, GROUP, "b0"],
            "grafted": [*on_one, *graft, receiver, RECEIVER, PORT],
            "held": [*on_one, receiver, "0.0.0.0", PORT],
            "relay": [*on_one, receiver, RECEIVER, PORT],
        }
        membership = f"ip-add-membership={GROUP}:{RECEIVER}"
        socat = [*on_one, "socat", "-u"]
        self.others = {
            "held": [*socat, f"UDP4-RECV:5001,{membership}", "STDOUT"],
            "relay": [*socat, f"UDP4-RECV:{PORT},bind={GROUP},{membership}", f"UDP4-SENDTO:{RECEIVER}:{PORT}"],
        }

    def measure(self, report):
        """Rounds over all, each in turn; the values of each measure, by variant."""
        found = {variant: {measure: [] for measure in MEASURES} for variant in VARIANTS}
        # A processor that is never idle wakes up no slower than it runs; whatever else there is goes first.
        spinner = subprocess.Popen([*ON_ONE, "chrt", "--idle", "0", "sh", "-c", "while :; do :; done"])
        try:
            for number in range(max(ROUNDS.values())):
                report(f"multicast, round {number + 1} of {max(ROUNDS.values())}")
                for variant in VARIANTS if number % 2 else VARIANTS[::-1]:
                    if number < ROUNDS[variant]:
                        self.round(variant, found[variant])
        finally:
            spinner.kill()
            spinner.wait()
            self.hosts.end()
        return found

    def round(self, variant, found):
        count, seconds, processor, _, _ = self.stream(variant, FLOOD)
        found["delivered"].append(count / seconds)
        found["processor"].append(processor / count * 1e6)
        *_, median, p99 = self.stream(variant, PACED)
        found["median"].append(median / 1e3)
        found["p99"].append(p99 / 1e3)

    def stream(self, variant, shape):
        """What the receiver printed; the processor time is that of all who worked for it. A receiver that misses the
        end of the stream, as a machine with much else to do may make it, is started again."""
        for _ in range(TRIES):
            values = self.try_stream(variant, shape)
            if values:
                return values
        raise TimeoutError(f"no stream to the receiver: {variant}")

    def try_stream(self, variant, shape):
        other = self.others.get(variant)
        other = other and subprocess.Popen(other, stdout=subprocess.DEVNULL)
        receiver = subprocess.Popen(self.receivers[variant], stdout=subprocess.PIPE, text=True)
        receiver.stdout.readline()
        wait_until(self.hosts.joined)
        if variant == "held":
            wait_until(lambda: self.hosts.bound(5001))
        command = [*ON_ZERO, f"{self.programs}/sender", GROUP, PORT, "a0", *shape]
        sender = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            values = [float(word) for word in receiver.communicate(timeout=DEADLINE)[0].split()]
        except subprocess.TimeoutExpired:
            values = []
        for process in (sender, receiver):
            process.kill()
            process.wait()
        used = used_by(other) if other else 0
        wait_until(lambda: not self.hosts.joined())
        if not values or not values[0]:
            return None
        values[2] += used
        return values


def used_by(process):
    """Ends a process; the processor time that it used."""
    process.kill()
    usage = os.wait4(process.pid, 0)[2]
    process.returncode = 0
    return usage.ru_utime + usage.ru_stime


def compare(found):
    """Each variant's measures against native's, round by round."""
    return {
        variant: {
            measure: of_rounds(ratios(found[variant][measure], found["native"][measure])) for measure in MEASURES
        }
        for variant in VARIANTS
    }


def saved(found):
    """The part of what a relay adds to a native receiver's processor time that a grafted receiver does without."""
    rounds = zip(*(found[variant]["processor"] for variant in ("relay", "grafted", "native")))
    return of_rounds([(relay - grafted) / (relay - native) for relay, grafted, native in rounds])
