#!/usr/bin/env python3
"""Holds the C++ that README and the pages of docs/ show to be C++ that works.

A block after a line with `From [FILE](...)` is in that program, line by line; only its indentation may differ. A block
that follows another one at once goes with it.
Every other block is compiled. One with functions or types stands in a namespace of its own; any other one is the body
of a coroutine, whose parameters a comment before the block gives: <!-- given: cofila::queue<email, receipt> emails -->
All of them see prelude.hpp. A block after <!-- not compiled: REASON --> is left alone.

    snippets.py check                finds the blocks with `From` in their programs
    snippets.py generate OUT DEPS    writes the others as one source, and what it depends on
"""
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r'^```cpp\n(.*?)^```', re.M | re.S)
FROM = re.compile(r'\bFrom \[([^\]]+)\]\([^)]*\)[^\n]*$')
GIVEN = re.compile(r'<!-- given: (.*?) -->', re.S)
NOT_COMPILED = re.compile(r'<!-- not compiled: \S.*?-->', re.S)
DECLARATIONS = re.compile(r'^(\{|struct |class |enum |template|BOOST_DESCRIBE|int main)', re.M)
INCLUDE = re.compile(r'^#include .*$', re.M)


class Snippet:
    def __init__(self, page, line, before, code):
        self.page = page
        self.line = line
        self.before = before  # the paragraph above
        self.code = code

    def program(self):
        found = FROM.search(self.before)
        return found and found.group(1)

    def is_compiled(self):
        return not self.program() and not NOT_COMPILED.search(self.before)

    def includes(self):
        return INCLUDE.findall(self.code)

    def source(self):
        name = re.sub(r'\W', "_", f"{self.page.stem}_{self.line}")
        code = f'#line {self.line} "{self.page}"\n' + INCLUDE.sub("", self.code)
        if not DECLARATIONS.search(self.code):
            given = GIVEN.search(self.before)
            parameters = " ".join(given.group(1).split()) if given else ""
            code = f"inline asio::awaitable<void> fragment({parameters})\n{{\n{code}co_return;\n}}\n"
        return f"namespace snippets::{name} {{\n{code}}}\n"


def pages():
    return [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def snippets():
    for page in pages():
        text = page.read_text(encoding="utf-8")
        end, before = 0, ""
        for found in BLOCK.finditer(text):
            between = text[end:found.start()].strip("\n")
            before = between.rsplit("\n\n", 1)[-1] if between else before
            yield Snippet(page, text.count("\n", 0, found.start(1)) + 1, before, found.group(1))
            end = found.end()


def lines_of(text):
    return [line.strip() for line in text.strip("\n").split("\n")]


def is_in(part, whole):
    return any(whole[at:at + len(part)] == part for at in range(len(whole) - len(part) + 1))


def check():
    shown = [(snippet, ROOT / snippet.program()) for snippet in snippets() if snippet.program()]
    wrong = [
        snippet for snippet, program in shown
        if not program.exists() or not is_in(lines_of(snippet.code), lines_of(program.read_text(encoding="utf-8")))
    ]
    for snippet in wrong:
        print(f"{snippet.page}:{snippet.line}: this is not in {snippet.program()}:\n{snippet.code}", file=sys.stderr)
    print(f"{len(shown)} snippets from programs, {len(wrong)} of them wrong")
    return 1 if wrong or not shown else 0


def generate(out, dependencies):
    compiled = [snippet for snippet in snippets() if snippet.is_compiled()]
    includes = dict.fromkeys(include for snippet in compiled for include in snippet.includes())
    lines = ["// Written by tests/snippets/snippets.py.", '#include "prelude.hpp"', *includes, ""]
    lines += [snippet.source() for snippet in compiled]
    # A snippet's own main() stands in its namespace.
    lines += ["int main() {}", ""]
    Path(out).write_text("\n".join(lines), encoding="utf-8")
    watched = [ROOT / "docs", *pages()]
    Path(dependencies).write_text(f"{out}: " + " ".join(str(page) for page in watched) + "\n", encoding="utf-8")
    return 0


def main():
    commands = {"check": check, "generate": generate}
    return commands[sys.argv[1]](*sys.argv[2:])


sys.exit(main())
