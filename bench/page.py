"""The page that a run writes: what was measured against what was to be reached, and the tables behind it."""

import platform
import re
import subprocess
from datetime import date

import command
import core
import sending
from multicast import MEASURES, ROUNDS, VARIANTS
from targets import ACTING, ACTING_SYSTEM, CORE, CORE_IN_GO, DATA, DATAGRAMS, GOVERNED, MEANINGS, SPREAD, SPREADS
from targets import TARGETS
from timing import CALL_ROUNDS, START_ROUNDS

LIVES = ("socket", "dup")
ROWS = {**{call: call for call in DATA}, "socket": "socket, setsockopt, close", "dup": "dup, close"}
RECEIVERS = {
    "native": "native: joins by itself",
    "grafted": "grafted: bound to a unicast address",
    "held": "held: another process is the member",
    "relay": "relay: socat to the unicast address",
}
HEAD = """# Benchmarks

<!-- `make bench` writes this page. -->
What sockgraft adds to a program, measured side by side with other preload libraries, in one run, in turn; and
multicast into a receiver that knows only unicast, against a receiver written for multicast and against a relay. And
what core, as a library, adds to the system calls that it makes for a datagram, and how that compares with Go's x/net.

![Instructions added to a call; the relay, and what takes its place](benchmarks.svg)

To repeat: `make bench`, on a machine that does nothing else; it takes about five minutes, and ends with what misses
its target. It says what it needs that is not installed (`apt-get install valgrind strace socat gnuplot-nox`), and
which of the libraries it compares are not there, x/net (`golang-go golang-golang-x-net-dev`) among them. It runs in
network namespaces of its own, and leaves the machine's network alone. `make bench PART=core` measures core alone, in
half a minute, and writes no page; `make bench PART=sending` the sending side alone, in a minute, and puts it in here.
"""


def text(bench):
    parts = [HEAD, machine(bench), targets(bench), calls(bench), times(bench), starts(bench), streams(bench)]
    parts += [datagrams(bench), spread(bench), settings(bench), meanings(bench)]
    return "\n".join(parts)


# What is measured of the sending side alone; beside calls whose message has to be looked at.
SENDING = (GOVERNED, ACTING, ACTING_SYSTEM, SPREAD)


def sending_text(bench):
    return "\n".join([machine(bench), targets(bench, SENDING), spread(bench), meanings(bench, SENDING)])


def with_sending(bench, before):
    """The page as it was, with what is measured of the sending side in its place."""
    head, *old = before.split("\n## ")
    old = {section.split("\n")[0]: f"## {section}".rstrip("\n") + "\n" for section in old}
    new = {section.removeprefix("## ").split("\n")[0]: section for section in sending_sections(bench, old)}
    titles = list(old)
    titles[titles.index("How each is set up"):0] = [title for title in new if title not in old]
    return "\n".join([HEAD, head[head.index("| | |"):], *(new.get(title) or old[title] for title in titles)])


def sending_sections(bench, old):
    measured = {f"{group}: {name}" for group, name in bench.judged}
    return [
        in_place(targets(bench), old["Targets"], measured, r"\| (.*?) \|"),
        spread(bench),
        in_place(meanings(bench), old["What the numbers are"], SENDING, r"- \*\*(.*?)\*\*"),
    ]


def in_place(new, old, measured, pattern):
    """The lines of `new` about what is measured, or not there before; the others as they were."""
    lines = {found.group(1): line for line in old.splitlines() if (found := re.match(pattern, line))}
    chosen = []
    for line in new.splitlines():
        found = re.match(pattern, line)
        kept = found and found.group(1) not in measured and lines.get(found.group(1))
        chosen.append(kept or line)
    return "\n".join([*chosen, ""])


def core_text(bench):
    """What is measured of core alone."""
    groups = (CORE, CORE_IN_GO)
    return "\n".join([machine(bench), targets(bench, groups), datagrams(bench), meanings(bench, groups)])


def table(head, rows):
    """The first column is text, the others are numbers."""
    lines = ["| " + " | ".join(str(cell) for cell in row) + " |" for row in (head, *rows)]
    return "\n".join([lines[0], "|---|" + "---:|" * (len(head) - 1), *lines[1:], ""])


def number(value):
    """Enough digits to judge by, and no zeros after the point that were not measured."""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3f}".rstrip("0").rstrip(".") if abs(value) < 10 else f"{value:.1f}".removesuffix(".0")


def with_interval(measured):
    if measured.low == measured.high:
        return number(measured.value)
    return f"{number(measured.value)} ({number(measured.low)} to {number(measured.high)})"


def first_line(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()[0]


def machine(bench):
    with open("/proc/cpuinfo") as file:
        found = re.search(r"^model name\s*: (.*)$", file.read(), re.MULTILINE)
    processor = found.group(1) if found else platform.machine()
    processors = first_line("nproc", "--all")
    rows = [
        ("processor", f"{processor}, {processors} of them"),
        ("kernel", f"{platform.system()} {platform.release()}"),
        ("libc", " ".join(platform.libc_ver())),
        ("compiler", first_line("cc", "--version")),
        ("date", date.today().isoformat()),
        ("load average before the run", f"{bench.load:.1f}"),
    ]
    return "\n".join(["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows), ""])


def of_groups(groups):
    return [target for target in TARGETS if target.group in groups]


def targets(bench, groups=tuple(MEANINGS)):
    rows = []
    for target in of_groups(groups):
        measured = bench.judged.get((target.group, target.name))
        rows.append(
            (
                f"{target.group}: {target.name}",
                with_interval(measured) if measured else "—",
                ("≥ " if target.least else "≤ ") + number(target.limit),
                target.unit,
                verdict(bench, target),
            )
        )
    return "## Targets\n\nIn brackets: the 95 % interval of the median; counts have none.\n\n" + table(
        ("", "measured", "target", "unit", ""), rows
    )


def verdict(bench, target):
    measured = bench.judged.get((target.group, target.name))
    if not measured:
        return bench.skipped.get(target.group, "not measured")
    return "**missed**" if target.missed(measured) else "met"


def misses(bench, groups=tuple(MEANINGS)):
    """Prints what misses its target; 1 if anything does. What is skipped is not judged."""
    judged = [target for target in of_groups(groups) if target.group not in bench.skipped]
    missed = [target for target in judged if verdict(bench, target) != "met"]
    for target in missed:
        measured = bench.judged.get((target.group, target.name))
        found = with_interval(measured) if measured else "not measured"
        sign = "at least" if target.least else "at most"
        print(f"missed: {target.group}: {target.name}: {found}, {sign} {number(target.limit)} {target.unit}")
    print(f"{len(judged) - len(missed)} of {len(judged)} targets met")
    for group, why in bench.skipped.items():
        print(f"{group}: {why}")
    return 1 if missed else 0


def columns(bench):
    """Titles of the columns and their candidates: this library in each of its states, then the others."""
    ours = (bench.ours.idle, bench.ours.policy, bench.ours.others)
    titles = ("sockgraft, no policy", "sockgraft, policy", "sockgraft, on others")
    names = {candidate.name: title for candidate, title in zip(ours, titles)}
    return {**names, **{candidate.name: candidate.name for candidate in [bench.empty, *bench.shims]}}


def by_call(bench, values, form):
    names = columns(bench)
    rows = []
    for row, title in ROWS.items():
        cells = [values[name].get(row) for name in names]
        rows.append((title, *("fails" if cell is None else form(cell) for cell in cells)))
    return table(("", *names.values()), rows)


def calls(bench):
    return "## Instructions added to a call\n\n" + by_call(bench, bench.counted, number)


def times(bench):
    nothing = ", ".join(f"{ROWS[row]} {value:.0f}" for row, value in bench.nothing_timed.items())
    return (
        "## Time of a call\n\n"
        f"Against nothing preloaded, the median of {CALL_ROUNDS} rounds' ratios, in which all had their turn; with"
        f" nothing preloaded the nanoseconds are: {nothing}.\n\n"
        + by_call(bench, bench.timed, lambda measured: f"{measured.value:.2f}")
    )


def starts(bench):
    rows = []
    for candidate in [*bench.everyone(), bench.ours.ten]:
        start = bench.starts[candidate.name]
        name = f"sockgraft, {candidate.name}" if candidate is bench.ours.ten else candidate.name
        rows.append(
            (
                name,
                number(start["instructions"]),
                f"{start['time'] / 1000:.0f}",
                with_interval(start["ratio"]),
                *space_of(bench, candidate),
            )
        )
    head = ("", "instructions", "µs", "× an empty library's time", "private kB", "library KiB", "needs")
    return (
        "## Added to a start, to memory and to the disk\n\n"
        f"Times are lower quartiles of {START_ROUNDS:,} rounds.\n\n" + table(head, rows)
    )


def space_of(bench, candidate):
    space = bench.spaces.get(candidate.name)
    return (number(space["memory"]), number(space["size"]), ", ".join(space["needed"])) if space else ("", "", "")


def streams(bench):
    head = ("", "delivered per second", "processor seconds per million", "latency µs, median", "99th percentile")
    absolute, relative = [], []
    for variant in VARIANTS:
        values, compared = bench.streams[variant], bench.stream_ratios[variant]
        absolute.append((RECEIVERS[variant], *(number(values[measure].value) for measure in MEASURES)))
        if variant != "native":
            relative.append((RECEIVERS[variant], *(with_interval(compared[measure]) for measure in MEASURES)))
    return (
        "## Multicast into a unicast receiver\n\n"
        f"Medians of {ROUNDS['grafted']} rounds, of {ROUNDS['relay']} for the relay and the held group.\n\n"
        + table(head, absolute)
        + "\nAgainst native, medians of the rounds' ratios:\n\n"
        + table(head, relative)
    )


def datagrams(bench):
    rows = []
    for row, title in DATAGRAMS.items():
        times, counted = bench.datagram_times[row], [bench.datagrams[name][row] for name in (core.BARE, core.CORE)]
        compared = [ratio.get(row) for ratio in bench.datagram_ratios.values()]
        rows.append(
            (
                title,
                *(f"{times[name]:,.0f}" if name in times else "—" for name in (core.BARE, core.CORE, core.XNET)),
                *(with_interval(measured) if measured else "—" for measured in compared),
                *map(number, counted),
                number(counted[1] - counted[0]),
            )
        )
    head = ("", "bare, ns", "core, ns", "x/net, ns", *(f"{one} × {other}" for one, other in bench.datagram_ratios))
    head += ("bare, instructions", "core, instructions", "more")
    return (
        "## Core: a datagram with its control messages\n\n"
        f"Medians of {core.STARTS * core.ROUNDS} rounds, and of the rounds' ratios.\n\n" + table(head, rows)
    )


def spread(bench):
    rows = []
    for row, title in SPREADS.items():
        times, measured = bench.spread_times[row], bench.judged[SPREAD, title]
        counted = [bench.spread_counts[name][row] for name in (sending.BARE, sending.GRAFTED)]
        cells = (*(f"{times[name]:,.0f}" for name in (sending.BARE, sending.GRAFTED)), with_interval(measured))
        rows.append((title, *cells, *map(number, counted), number(counted[1] - counted[0])))
    head = ("", "by hand, ns", "grafted, ns", "grafted × by hand")
    head += ("by hand, instructions", "grafted, instructions", "more")
    return (
        "## Several interfaces: a datagram\n\n"
        f"Medians of {sending.STARTS * sending.ROUNDS} rounds, and of the rounds' ratios;"
        f" {date.today().isoformat()}, Linux {platform.release()}, load average {bench.load:.1f}.\n\n"
        + table(head, rows)
    )


def settings(bench):
    lines = [f"- **{candidate.name}**: {candidate.setting}." for candidate in [bench.empty, *bench.shims]]
    ours = (bench.ours.policy, bench.ours.others, bench.ours.setup, bench.ours.ten)
    ours += tuple(bench.ours.with_rules(name, rules) for name, rules in sending.SETTINGS.items())
    rules = [f"- **sockgraft, {candidate.name}**: `{candidate.setting}`".replace("\n", "; ") for candidate in ours]
    return "## How each is set up\n\nAll traffic is on loopback.\n\n" + "\n".join([*lines, *rules, ""])


def meanings(bench, groups=tuple(MEANINGS)):
    values = {"descriptors": bench.descriptors, "batches": core.BATCHES, "rounds": command.ROUNDS}
    lines = [f"- **{group}**: {MEANINGS[group].format(**values)}" for group in groups]
    return "## What the numbers are\n\n" + "\n".join([*lines, ""])
