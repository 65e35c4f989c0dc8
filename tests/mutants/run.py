#!/usr/bin/env python3
"""Plants one bug after the other and looks whether the test that is named for it finds it: run.py [NAME...]

Each NAME.patch here is one bug; its first line names the suite and the test: Killed by: unit "a sentence". The
simulation has rules instead of tests: Killed by: simulation "I24" means that one of a few hundred seeds, always the same,
has to fail and to name this rule. Everything happens in a copy of the tree in a temporary folder (--folder keeps it, and
what was built in it, for the next time).
A mutant is killed where its test fails; it survives where the test passes. The tree without mutants has to pass all these
tests, and every patch has to apply and to compile.
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
HEADER = re.compile(r'Killed by: (\w+) "(.+)"\n')
# A mutant may hang; the bound of the tests themselves comes first.
ENVIRONMENT = os.environ | {"COFILA_TEST_BOUND": "20"}
BOUND = 120
# Without a mutant they pass in a fraction of the time.
SIMULATION_BOUND = 600
SIMULATION = ["--seed", "1", "--seeds", "300"]


class Mutant:
    def __init__(self, patch):
        self.patch = patch
        self.name = patch.stem
        header = HEADER.match(patch.read_text())
        if not header:
            sys.exit(f"{patch.name}: the first line has to be: Killed by: SUITE \"SENTENCE\"")
        self.suite, self.test = header.groups()


def run(command, **options):
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", **options)


def must(command, what, **options):
    done = run(command, **options)
    if done.returncode != 0:
        sys.exit(f"{what} failed:\n{done.stdout[-4000:]}{done.stderr[-4000:]}")


def copy_tree(to):
    """What git knows or would add, as it is now. Files that are the same keep their time, so that little is built."""
    listed = run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT)
    for name in filter(None, listed.stdout.split("\0")):
        source, target = ROOT / name, to / name
        if not source.is_file():
            continue
        if target.is_file() and target.read_bytes() == source.read_bytes():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        shutil.copymode(source, target)


def program(suite):
    return {"simulation": "tests/simulation/simulation", "storage": "tests/storage/storage_test"}.get(suite, f"tests/{suite}_test")


def build(tree, suites):
    return run(["ninja", "-C", tree / "build", *(program(suite) for suite in sorted(suites))])


def run_simulation(tree, rule):
    """As of a test, but None instead of False where it failed in another way than by this rule."""
    try:
        done = run([tree / "build" / program("simulation"), *SIMULATION], env=ENVIRONMENT, timeout=SIMULATION_BOUND)
    except subprocess.TimeoutExpired:
        return 1, None
    named = any(rule in line for line in done.stdout.splitlines() if line.startswith("FAILED"))
    return 1, True if done.returncode == 0 else False if named else None


def run_test(tree, mutant):
    """How many tests ran, and whether all passed. A sentence may hold what doctest takes for the end of a name."""
    if mutant.suite == "simulation":
        return run_simulation(tree, mutant.test)
    pattern = mutant.test.replace(",", "?").replace("\\", "?") + "*"
    try:
        done = run([tree / "build" / program(mutant.suite), f"--test-case={pattern}"], env=ENVIRONMENT, timeout=BOUND)
    except subprocess.TimeoutExpired:
        return 1, False
    count = re.search(r"test cases:\s*(\d+)", done.stdout)
    return int(count.group(1)) if count else 1, done.returncode == 0


def check_without_mutants(tree, mutants):
    done = build(tree, {mutant.suite for mutant in mutants})
    if done.returncode != 0:
        sys.exit(f"the tree without mutants does not compile:\n{done.stdout[-4000:]}{done.stderr[-4000:]}")
    for mutant in mutants:
        count, passed = run_test(tree, mutant)
        if count == 0:
            sys.exit(f"{mutant.name}: there is no test \"{mutant.test}\" in suite {mutant.suite}")
        if not passed:
            sys.exit(f"{mutant.name}: its test fails without it: \"{mutant.test}\"")


def apply(tree, mutant, *how):
    """In the copy, whatever repository its folder may lie in."""
    alone = os.environ | {"GIT_CEILING_DIRECTORIES": str(tree.parent)}
    return run(["git", "apply", *how, mutant.patch], cwd=tree, env=alone)


def try_mutant(tree, mutant):
    """killed, SURVIVED, or why it could not be tried."""
    if apply(tree, mutant, "--check").returncode != 0:
        return "DOES NOT APPLY"
    apply(tree, mutant).check_returncode()
    try:
        if build(tree, {mutant.suite}).returncode != 0:
            return "DOES NOT COMPILE"
        return {True: "SURVIVED", False: "killed", None: "FAILS IN ANOTHER WAY"}[run_test(tree, mutant)[1]]
    finally:
        apply(tree, mutant, "--reverse").check_returncode()


def try_all(tree, mutants):
    copy_tree(tree)
    if not (tree / "build" / "build.ninja").exists():
        must(["meson", "setup", tree / "build", tree, "-Dapps=disabled", "-Dbuildtype=debug"], "meson")
    print(f"building the tests of {len(mutants)} mutants in {tree}", flush=True)
    check_without_mutants(tree, mutants)
    killed = 0
    for mutant in mutants:
        start = time.monotonic()
        verdict = try_mutant(tree, mutant)
        killed += verdict == "killed"
        print(f"{verdict:9} {mutant.name}: {mutant.suite} \"{mutant.test}\" ({time.monotonic() - start:.0f} s)", flush=True)
    print(f"{killed} of {len(mutants)} mutants killed")
    return killed == len(mutants)


def main():
    parse = argparse.ArgumentParser()
    parse.add_argument("names", nargs="*")
    parse.add_argument("--folder", type=Path)
    chosen = parse.parse_args()
    mutants = [Mutant(patch) for patch in sorted(HERE.glob("*.patch"))]
    unknown = set(chosen.names) - {mutant.name for mutant in mutants}
    if unknown:
        sys.exit(f"no such mutant: {', '.join(sorted(unknown))}")
    mutants = [mutant for mutant in mutants if not chosen.names or mutant.name in chosen.names]
    if chosen.folder:
        sys.exit(0 if try_all(chosen.folder.resolve(), mutants) else 1)
    with tempfile.TemporaryDirectory(prefix="cofila-mutants-") as folder:
        sys.exit(0 if try_all(Path(folder), mutants) else 1)


if __name__ == "__main__":
    main()
