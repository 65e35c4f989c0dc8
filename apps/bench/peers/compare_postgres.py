#!/usr/bin/env python3
"""Measures cofila on PostgreSQL against the queues that its bars name, on one server, which is started for that.

First the ratios, as compare.py prints them; then what cofila costs the server, and claims beside a million jobs. The exit
status is 0 if every bar was reached.
"""
import sys
from statistics import median

from compare import Failed, Pair, Row, Runs, arguments, compare
from postgres import server

PAIRS = (
    Pair("bullmq", "postgres", "full"),
    Pair("bullmq", "postgres_off", "normal"),
    Pair("graphile", "tuned", "full"),
)
ROWS = (
    Row("add.one", "W1", "W1", 5_000, "rate", (1.5, 8, None)),
    Row("add.100", "W2.conc100", "W2.conc100", 50_000, "rate", (20, None, None)),
    Row("drain.1", "W3.c1", "W3.c1", 5_000, "rate", (1.5, None, None)),
    Row("drain.10", "W3.c10", "W3.c10", 20_000, "rate", (3, None, None)),
    Row("drain.100", "W3.c100", "W3.c100", 50_000, "rate", (8, None, 0.8)),
)
# Of one job with `durability::normal`. Drains begin with adds in bulk, whose cost is taken off.
COSTS = (
    ("server time of an add, 100 together", ("W2.conc100", None), 50_000, "us", 30),
    ("server time of an add, one at a time", ("W1", None), 10_000, "us", 140),
    ("server time of claim and completion at 100", ("W3.c100", "W2.bulk1000"), 50_000, "us", 60),
    ("server time of claim and completion at 1", ("W3.c1", "W2.bulk1000"), 10_000, "us", 350),
    ("log of a job's life", ("W3.c100", None), 50_000, "bytes", 1_900),
)
DEEP = (
    ("claims with 1,000,000 waiting", "W5.deep", 1 / 1.1),
    ("claims with 1,000,000 finished", "W5.finished", 1 / 1.1),
)
LAYOUT = "| {:<44} | {:>12} | {:>10} | {:<7} |"


def print_cost(name, figure, bar, met):
    print(LAYOUT.format(name, figure, bar, "met" if met else "not met"), flush=True)
    return met


def cost(runs, workload, jobs, unit):
    """What one job of a workload costs the server."""
    def spent():
        return runs.server.log_bytes() if unit == "bytes" else runs.server.cpu_seconds() * 1e6

    before = spent()
    runs.ours(workload, "normal", jobs)
    return (spent() - before) / jobs


def costs(runs):
    reached = True
    for name, (workload, without), jobs, unit, bar in COSTS:
        if unit == "us" and runs.server.cpu_seconds() is None:
            print(LAYOUT.format(name, "", "", "unknown"))
            continue
        jobs = runs.options.jobs or jobs
        found = []
        for _ in range(runs.options.repetitions):
            alone = cost(runs, without, jobs, unit) if without else 0
            found.append(cost(runs, workload, jobs, unit) - alone)
        reached &= print_cost(name, f"{median(found):.0f} {unit}", f"<= {bar} {unit}", median(found) <= bar)
    return reached


def deep(runs):
    """Each is a store that is filled once and has a rate for each repetition."""
    reached = True
    for name, workload, bar in DEEP:
        few, many = ([], [])
        for _ in range(runs.options.repetitions):
            few.append(runs.ours("W5.shallow", "full", 20_000)["jobs_s"])
            many.append(runs.ours(workload, "full", 20_000)["jobs_s"])
        ratio = median(many) / median(few)
        reached &= print_cost(name, f"{ratio:.2f}", f">= {bar:.2f}", ratio >= bar)
    return reached


def add_url(parser):
    parser.add_argument("--database", default="", metavar="URL", help="a server that is there, instead of one of our own")
    parser.add_argument("--short", action="store_true", help="only the ratios")


def main():
    options = arguments(__doc__, PAIRS, ROWS, add_url)
    with server(options.database) as running:
        runs = Runs(options, running)
        reached = compare(runs, PAIRS, ROWS)
        if options.short or options.only or options.peer:
            return 0 if reached else 1
        print("\n" + LAYOUT.format("cofila", "", "bar", ""))
        print(LAYOUT.format(*["---"] * 4))
        try:
            reached &= costs(runs) & deep(runs)
        except (Failed, OSError) as failure:
            print(failure, file=sys.stderr)
            reached = False
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(main())
