#!/usr/bin/env python3
"""Runs each peer and cofila alternately and prints the ratio of their medians beside the bar it has to reach.

A ratio is cofila's figure by the peer's: for rates more is better, for latency and memory less. The range is that of
the ratios of the single pairs of runs. The exit status is 0 if every bar was reached.
"""
import argparse
import contextlib
import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import NamedTuple


class Pair(NamedTuple):
    peer: str
    mode: str
    durability: str  # cofila's that promises as much

    def __str__(self):
        return f"{self.peer} {self.mode} -> {self.durability}"


class Row(NamedTuple):
    name: str
    peers_workload: str
    our_workload: str
    jobs: int
    measure: str
    bars: tuple  # in the order of the pairs; None: not compared


PAIRS = (
    Pair("bullmq", "everysec", "normal"),
    Pair("bullmq", "always", "full"),
    Pair("plainjob", "normal", "normal"),
    Pair("beanstalkd", "memory", "normal"),
)
ROWS = (
    Row("W1", "W1", "W1", 20_000, "rate", (7.5, 1.6, 1.25, 1)),
    Row("W2.conc100", "W2.conc100", "W2.conc100", 50_000, "rate", (7.5, 5, None, 1.3)),
    Row("W2.bulk1000", "W2.bulk1000", "W2.bulk1000", 50_000, "rate", (13, 12, 1.2, None)),
    Row("W3.c1", "W3.c1", "W3.c1", 50_000, "rate", (7, 2, 2.2, None)),
    Row("W3.c1.prefetch16", "W3.c1", "W3.c1.prefetch16", 50_000, "rate", (15, 12, None, None)),
    Row("W3.c10", "W3.c10", "W3.c10", 50_000, "rate", (5.5, 3.5, 6, 1)),
    Row("W3.c100", "W3.c100", "W3.c100", 50_000, "rate", (8, 6, None, 1.4)),
    Row("W4", "W4", "W4.one", 500, "latency", (1 / 4, 1 / 2.5, None, None)),
    Row("W6", "W3.c100", "W3.c100", 50_000, "memory", (1 / 10, 1 / 10, None, None)),
    Row("W7", "W7", "W7", 10_000, "rate", (9, 7, None, None)),
)
UNITS = {"rate": "/s", "latency": " us", "memory": " MiB"}
LIMIT_SECONDS = 600
LAYOUT = "| {:<16} | {:<28} | {:>11} | {:>11} | {:>6} | {:>15} | {:>8} | {:<7} |"


class Failed(Exception):
    pass


def value_of(line, measure):
    if measure == "memory":
        return line["client_peak_mb"] + (line.get("server_peak_mb") or 0)
    return line["p50_us" if measure == "latency" else "jobs_s"]


def run(command, jobs, database=""):
    """The line of JSON that a program prints for one repetition."""
    environment = os.environ | {"BENCH_DATABASE": database}
    command = [*map(str, command), "--jobs", str(jobs)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    try:
        output, _ = process.communicate(timeout=LIMIT_SECONDS)
    except subprocess.TimeoutExpired:
        raise Failed(f"more than {LIMIT_SECONDS} s: {process.args}") from None
    finally:
        if process.poll() is None:
            process.terminate()  # not kill: it has a server to stop
            process.wait()
    if process.returncode != 0 or not output.strip():
        raise Failed(f"exit status {process.returncode}: {process.args}")
    line = json.loads(output.splitlines()[-1])
    if line["n"] != jobs:
        raise Failed(f"{line['n']} jobs instead of {jobs}: {process.args}")
    return line


class Runs:
    """Runs what a row needs, once: W6 looks at the same runs as W3.c100. With a server each run has a database of its
    own there."""

    def __init__(self, options, server=None):
        self.options, self.server, self.done = options, server, {}

    def of(self, row, pair):
        key = (pair, row.peers_workload, row.our_workload)
        if key not in self.done:
            self.done[key] = self.alternate(row, pair)
        return self.done[key]

    def alternate(self, row, pair):
        jobs = self.options.jobs or row.jobs
        lines = []
        for repetition in range(1, self.options.repetitions + 1):
            both = self.of_peer(row.peers_workload, pair, jobs), self.ours(row.our_workload, pair.durability, jobs)
            lines.append(both)
            for line in both if self.options.json else ():
                print(json.dumps(line | {"pair": str(pair), "rep": repetition}), file=self.options.json, flush=True)
        return lines

    def of_peer(self, workload, pair, jobs):
        with self.database() as database:
            return run(["node", self.options.peers / f"{pair.peer}.js", pair.mode, workload], jobs, database)

    def ours(self, workload, durability, jobs):
        command = [self.options.bench, "--workload", workload, "--durability", durability, "--repetitions", 1, "--json"]
        with self.database() as database:
            return run([*command, *(["--database", database] if database else [])], jobs)

    def database(self):
        return self.server.database() if self.server else contextlib.nullcontext("")


def readable(value, measure):
    return (f"{value / 1000:.1f}k" if value >= 10_000 else f"{value:.0f}") + UNITS[measure]


def print_row(row, pair, bar, lines):
    """Whether the bar was reached."""
    peers, ours = ([value_of(line, row.measure) for line in side] for side in zip(*lines))
    ratio = median(ours) / median(peers)
    ratios = [our / peer for peer, our in zip(peers, ours)]
    met = ratio >= bar if row.measure == "rate" else ratio <= bar
    print(LAYOUT.format(
        row.name, str(pair), readable(median(peers), row.measure), readable(median(ours), row.measure),
        f"{ratio:.3g}", f"{min(ratios):.3g} .. {max(ratios):.3g}",
        f">= {bar:g}" if row.measure == "rate" else f"<= 1/{1 / bar:g}", "met" if met else "not met",
    ), flush=True)
    return met


def machine():
    models = [line.split(": ")[1] for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line]
    stat = ["stat", "--file-system", "--format=%T", tempfile.gettempdir()]
    files = subprocess.run(stat, capture_output=True, text=True, check=True).stdout.strip()
    return f"{os.cpu_count()} x {models[0] if models else platform.machine()}, temporary folder on {files} (TMPDIR)"


def arguments(description, pairs, rows, add=lambda parser: None):
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("bench", type=Path, help="cofila_bench")
    parser.add_argument("peers", type=Path, help="the folder with the installed peers and their scripts")
    parser.add_argument("--repetitions", type=int, default=5, metavar="R", help="of each run (default: 5)")
    parser.add_argument("--only", default="", metavar="W1,...", help=" ".join(row.name for row in rows))
    parser.add_argument("--peer", default="", metavar="NAME,...", help="only these, as in: plainjob,bullmq.always")
    parser.add_argument("--jobs", type=int, metavar="N", help="other than a workload's own number: a try, no measure")
    parser.add_argument("--json", type=argparse.FileType("w"), metavar="FILE", help="keep every line of JSON")
    add(parser)
    options = parser.parse_args()
    options.bench = options.bench.resolve()
    options.only = {name for name in options.only.split(",") if name}
    options.peer = {name for name in options.peer.split(",") if name}
    unknown = options.only - {row.name for row in rows}
    unknown |= options.peer - {name for pair in pairs for name in (pair.peer, f"{pair.peer}.{pair.mode}")}
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    return options


def compare(runs, pairs, rows):
    """Whether every bar was reached."""
    options = runs.options
    print(f"{machine()}; medians of {options.repetitions}\n")
    print(LAYOUT.format("workload", "peer -> cofila", "peer", "cofila", "ratio", "range", "bar", ""))
    print(LAYOUT.format(*["---"] * 8))
    reached = True
    for row in rows:
        for pair, bar in zip(pairs, row.bars):
            wanted = not options.peer or options.peer & {pair.peer, f"{pair.peer}.{pair.mode}"}
            if bar is None or not wanted or (options.only and row.name not in options.only):
                continue
            try:
                reached &= print_row(row, pair, bar, runs.of(row, pair))
            except (Failed, OSError) as failure:
                print(LAYOUT.format(row.name, str(pair), "", "", "", "", "", "failed"), flush=True)
                print(failure, file=sys.stderr)
                reached = False
    return reached


if __name__ == "__main__":
    sys.exit(0 if compare(Runs(arguments(__doc__, PAIRS, ROWS)), PAIRS, ROWS) else 1)
