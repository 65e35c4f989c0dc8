#!/usr/bin/env python3
"""What .ci/count and .ci/figures make of the logs of meson and of the consumers."""
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

CI = Path(__file__).resolve().parents[2] / ".ci"
DOCTEST = "\x1b[0m[doctest] test cases:  7 | \x1b[0m%d passed\x1b[0m | %d failed | 9 skipped\n"
MESSAGE = """===============================================================================
../tests/storage/full_disk_test.cpp:96:
TEST SUITE: full disk
TEST CASE:  F26 F28: on a full disk
  adds stop first

../tests/storage/full_disk_test.cpp:114: MESSAGE: 5 jobs added

"""
TESTS = [
    ("cofila:unit / unit", "OK", "never shown\n" + DOCTEST % (7, 0)),
    ("cofila:storage / storage", "OK", "fault VFS: 9 cases\n" + MESSAGE + DOCTEST % (3, 0)),
    ("cofila:storage / full disk", "SKIP", "skipped: tmpfs cannot be mounted\n"),
    ("cofila:model / models", "OK", "model jobs: 5 states\n"),
    ("cofila:instructions / instructions", "SKIP", ""),
]
FAILED = [
    ("cofila:crash / crash kill", "FAIL", "kill -9: 9 cycles\n" + DOCTEST % (5, 2)),
    ("cofila:unit / leak", "FAIL", DOCTEST % (1, 0)),
    ("cofila:headers / headers", "TIMEOUT", ""),
]
wrong = 0


def check(what, is_so, should_be):
    global wrong
    if is_so != should_be:
        wrong += 1
        print(f"{what} is\n{is_so}\nand should be\n{should_be}\n")


def run(program, *words):
    done = subprocess.run([CI / program, *words], capture_output=True, text=True, check=False)
    return done.stdout.splitlines(), done.returncode


def write(path, tests):
    names = ("name", "result", "stdout")
    Path(path).write_text("".join(json.dumps(dict(zip(names, test))) + "\n" for test in tests), encoding="utf-8")


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    os.mkdir("build")
    write("build/testlog.json", TESTS)
    Path("consumer").write_text("some line\n4 passed, 0 failed\n", encoding="utf-8")
    skipped = [
        "skipped in build: cofila:storage / full disk: tmpfs cannot be mounted",
        "skipped in build: cofila:instructions / instructions: it did not say why",
    ]
    good = run("count", "0", "consumer", "build/testlog.json", "missing/testlog.json")
    check("a run without failures", good, ([*skipped, "15 passed, 0 failed, 2 skipped"], 0))
    check("a failed step", run("count", "3", "build/testlog.json")[0][-1], "11 passed, 3 failed, 2 skipped")
    check("nothing at all", run("count", "0"), (["0 passed, 1 failed, 0 skipped"], 1))
    check(
        "the figures",
        run("figures", "build/testlog.json", "missing/testlog.json")[0],
        ["build: storage: fault VFS: 9 cases", "build: storage: 5 jobs added", "build: models: model jobs: 5 states"],
    )
    write("build/testlog.json", FAILED)
    lines, code = run("count", "0", "build/testlog.json")
    check("the exit code of a run with failures", code, 1)
    check("its last line", lines[-1], "6 passed, 4 failed, 0 skipped")
    check("its beginning", lines[:2], ["FAIL in build: cofila:crash / crash kill", "    kill -9: 9 cycles"])
    check("its failures", [line for line in lines if " in build: " in line][1:], [
        "FAIL in build: cofila:unit / leak", "TIMEOUT in build: cofila:headers / headers",
    ])
print(f"{wrong} answers wrong")
sys.exit(wrong > 0)
