#!/usr/bin/env python3
"""run.py PROGRAM SOURCE: runs an example in a new folder, with the path of a database, or with the address of the
server that COFILA_TEST_DATABASE names, as its argument.

It must end with 0, and where its first comment says what it prints, print that.
"""
import os
import subprocess
import sys
import tempfile
from pathlib import Path

MOST_LINES = 60


def expected(source):
    lines = source.splitlines()
    comment = lines[:next(i for i, line in enumerate(lines) if not line.startswith("//"))]
    start = next((i for i, line in enumerate(comment) if line.endswith("Prints:")), None)
    return None if start is None else [line.removeprefix("//   ") for line in comment[start + 1:]]


def main():
    program, source = sys.argv[1], Path(sys.argv[2]).read_text(encoding="utf-8")
    if source.count("\n") > MOST_LINES:
        sys.exit(f"{sys.argv[2]} has more than {MOST_LINES} lines")
    database = os.environ.get("COFILA_TEST_DATABASE", "example.db")
    with tempfile.TemporaryDirectory() as folder:
        run = subprocess.run([Path(program).resolve(), database], cwd=folder, capture_output=True, text=True, check=False)
    printed, wanted = run.stdout.splitlines(), expected(source)
    if run.returncode != 0:
        sys.exit(f"exit code {run.returncode}\n{run.stdout}{run.stderr}")
    if wanted is not None and (printed != wanted or not wanted):
        sys.exit(f"printed:\n{run.stdout}but should print:\n" + "\n".join(wanted))


main()
