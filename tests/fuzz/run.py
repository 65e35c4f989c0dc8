#!/usr/bin/env python3
"""Runs one fuzz target on its corpus and says how much it did: run.py PROGRAM CORPUS [--replay | --seconds N | --runs N]

An input that breaks a promise is kept in the current folder as crash-TARGET-..., is shown in base64, and belongs into
the corpus once its cause has been mended. --grow puts inputs that reach new code into the corpus.
"""
import argparse
import base64
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def replay(program, corpus):
    # libFuzzer ends after the corpus, and reports that on the other stream; replay.cpp knows nothing else.
    done = subprocess.run([program, "-runs=0", corpus], check=True, capture_output=True, text=True)
    print(done.stdout.strip() or done.stderr.strip().splitlines()[-1])


def fuzz(program, corpus, found, arguments):
    run = subprocess.run(
        [program, f"-artifact_prefix={found}/", "-print_final_stats=1", "-timeout=25", "-rss_limit_mb=2000",
         *arguments, corpus],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace",
        env={"UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1"} | os.environ)
    return run.returncode, run.stderr


def report(name, output, seconds, failed):
    executions = re.search(r"stat::number_of_executed_units:\s*(\d+)", output)
    covered = re.findall(r"cov: (\d+) ft: (\d+)", output)
    print(f"fuzz {name}: {executions.group(1) if executions else '?'} executions in {seconds:.0f} s, "
          f"{covered[-1][0] if covered else '?'} edges covered, {'FAILED' if failed else 'nothing broken'}")


def keep_crashes(name, output, found):
    print(output[-6000:])
    for crash in Path(found).iterdir():
        kept = Path.cwd() / f"{crash.name.split('-')[0]}-{name}-{crash.name[-8:]}"
        kept.write_bytes(crash.read_bytes())
        print(f"the input is {kept}, in base64: {base64.b64encode(crash.read_bytes()[:2000]).decode()}")


def main():
    parse = argparse.ArgumentParser()
    parse.add_argument("program")
    parse.add_argument("corpus")
    parse.add_argument("--replay", action="store_true")
    parse.add_argument("--seconds", type=int, default=20)
    parse.add_argument("--runs", type=int)
    parse.add_argument("--grow", action="store_true")
    chosen = parse.parse_args()
    name = Path(chosen.corpus).name
    if chosen.replay:
        return replay(chosen.program, chosen.corpus)
    # A short run repeats what the last one drew, so that a change is judged by itself. Chance belongs to campaigns.
    limits = [f"-runs={chosen.runs}"] if chosen.runs is not None else ["-seed=1", f"-max_total_time={chosen.seconds}"]
    with tempfile.TemporaryDirectory() as found, tempfile.TemporaryDirectory() as grown:
        start = time.monotonic()
        code, output = fuzz(chosen.program, chosen.corpus, found, [*limits, grown])
        report(name, output, time.monotonic() - start, code != 0)
        if code != 0:
            keep_crashes(name, output, found)
            sys.exit(1)
        if chosen.grow:
            # Into the corpus, and only what reaches new code: it is read by people, too, and replayed by every build.
            fuzz(chosen.program, grown, found, ["-set_cover_merge=1", "-use_counters=0", chosen.corpus])


if __name__ == "__main__":
    main()
