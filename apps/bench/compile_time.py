#!/usr/bin/env python3
"""W16: what the first program of the documentation costs to compile, without optimization.

Alternates with a program that has the same other includes and does nothing, and prints the CPU seconds of both
(medians) and their ratio, which depends little on the machine. No bar has been set.
"""
import argparse
import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "tests/headers/five_minutes.cpp"
STEPS = {"front end": ["-fsyntax-only"], "compiled": ["-c", "-o", "/dev/null"]}


def cpu_seconds(command):
    process = subprocess.Popen(command)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"failed: {shlex.join(command)}")
    return used.ru_utime + used.ru_stime


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--compiler", default=os.environ.get("CXX", "c++"), help="default: $CXX")
    parser.add_argument("--repetitions", type=int, default=5)
    options = parser.parse_args()
    compiler = [part for part in shlex.split(options.compiler) if part != "ccache"]
    includes = re.findall(r"^#include <(?!cofila/).*$", PROGRAM.read_text(encoding="utf-8"), re.M)
    with tempfile.TemporaryDirectory() as folder:
        others = Path(folder) / "others.cpp"
        others.write_text("\n".join([*includes, "int main() {}", ""]), encoding="utf-8")
        for step, flags in STEPS.items():
            times = [[], []]
            for _ in range(options.repetitions):
                for source, taken in zip((PROGRAM, others), times):
                    taken.append(cpu_seconds([*compiler, "-std=c++20", f"-I{ROOT / 'include'}", *flags, str(source)]))
            ratios = sorted(ours / bare for ours, bare in zip(*times))
            ours, bare = map(median, times)
            print(f"W16 {step:13} {ours:.1f} s of CPU, {ours / bare:.2f} ({ratios[0]:.2f}-{ratios[-1]:.2f}) times "
                  f"the {bare:.1f} s of its other includes", flush=True)


if __name__ == "__main__":
    main()
