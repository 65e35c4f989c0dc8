#!/usr/bin/env python3
"""What the documentation shows of a program is in that program, line by line.

A block of C++ that follows a line `From [FILE](...)` has to be found in FILE; only its indentation may differ.
"""
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r'^From \[([^\]]+)\]\([^)]*\)[^\n]*\n\n```cpp\n(.*?)^```', re.M | re.S)


def lines_of(text):
    return [line.strip() for line in text.strip("\n").split("\n")]


def is_in(part, whole):
    return any(whole[at:at + len(part)] == part for at in range(len(whole) - len(part) + 1))


def main():
    found = wrong = 0
    for page in sorted((ROOT / "docs").glob("*.md")):
        for name, block in BLOCK.findall(page.read_text()):
            found += 1
            program = ROOT / name
            if not program.exists() or not is_in(lines_of(block), lines_of(program.read_text())):
                wrong += 1
                print(f"{page.relative_to(ROOT)}: this is not in {name}:\n{block}", file=sys.stderr)
    print(f"{found} snippets, {wrong} of them wrong")
    return 1 if wrong or not found else 0


sys.exit(main())
