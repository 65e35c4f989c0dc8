#!/usr/bin/env python3
"""check.py PROGRAM TOOLCHAIN: counts the program's instructions and compares them with the toolchain's baseline.

Unlike a time, the count is the same on a busy machine. More than 3 % off in either direction is a failure: slower code
is to be looked at, and faster code deserves a new baseline (the number that is printed, in baselines.json). For a
toolchain without a baseline the count is printed and the test counts as skipped, as it does without valgrind.
"""
import json
import pathlib
import re
import shutil
import subprocess
import sys

TOLERANCE = 0.03
SKIPPED = 77

program, toolchain = sys.argv[1:]
valgrind = shutil.which("valgrind")
if valgrind is None:
    print("valgrind is not installed")
    sys.exit(SKIPPED)
baselines = json.loads(pathlib.Path(__file__).with_name("baselines.json").read_text())
# An environment of its own: meson sets MALLOC_PERTURB_, which costs instructions.
run = subprocess.run(
    # From main on: loading libraries is not the work.
    [valgrind, "--tool=callgrind", "--toggle-collect=main", "--callgrind-out-file=/dev/null", program],
    capture_output=True,
    env={"LANG": "C"},
    text=True,
)
collected = re.search(r"Collected : (\d+)", run.stderr)
if run.returncode != 0 or not collected:
    sys.exit(f"the workload failed:\n{run.stdout}{run.stderr}")
count = int(collected[1])
expected = baselines.get(toolchain)
if expected is None:
    print(f"{toolchain}: {count} instructions; there is no baseline for it in baselines.json")
    sys.exit(SKIPPED)
change = count / expected - 1
print(f"{toolchain}: {count} instructions, {change:+.2%} of the baseline {expected}")
sys.exit(0 if abs(change) <= TOLERANCE else 1)
