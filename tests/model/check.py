#!/usr/bin/env python3
"""Has spin look at every interleaving of the models here: check.py COMPILER...

Each model must hold, and each mistake planted into it must be found. Exits with 77 where spin is not installed.
"""
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
# Model, what is looked for, definitions.
MODELS = [
    ("jobs", "assertions", ["-DLOST=0", "-DDEATHS=0"]),
    ("jobs", "assertions", ["-DJOBS=1", "-DLOST=2", "-DDEATHS=2"]),
    ("jobs", "ends", ["-DJOBS=1"]),
    ("commits", "assertions", []),
]
MISTAKES = [
    ("jobs", "assertions", "BUG_RENEW_WITHOUT_TOKEN"),
    ("jobs", "assertions", "BUG_SETTLE_WITHOUT_TOKEN"),
    ("jobs", "assertions", "BUG_SETTLE_WITHOUT_STATE"),
    ("jobs", "assertions", "BUG_SAME_TOKEN"),
    ("jobs", "assertions", "BUG_ATTEMPTS_UNBOUNDED"),
    ("jobs", "assertions", "BUG_RESCUE_UNSEEN"),
    ("jobs", "assertions", "BUG_STALLS_UNCOUNTED"),
    ("jobs", "ends", "BUG_NO_TIMEOUT"),
    ("commits", "assertions", "BUG_TELL_BEFORE_COMMIT"),
    ("commits", "assertions", "BUG_REFUSED_IS_DONE"),
    ("commits", "assertions", "BUG_FAILED_BATCH_IS_DONE"),
    ("commits", "assertions", "BUG_UNKNOWN_IS_REFUSED"),
    ("commits", "assertions", "BUG_NO_ROLLBACK"),
]


def run(command, folder):
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def look(compiler, model, wanted, definitions):
    """What was found wrong, in how many states."""
    with tempfile.TemporaryDirectory() as folder:
        run(["spin", "-P" + " ".join([*compiler, "-E", "-x", "c"]), *definitions, "-a", HERE / f"{model}.pml"], folder)
        safety = ["-DSAFETY", "-DNOCLAIM"] if wanted == "assertions" else []
        run([*compiler, "-x", "c", "-w", "-O1", "-DMEMLIM=1500", *safety, "-o", "pan", "pan.c"], folder)
        # Liveness with weak fairness: a process that could go on does so at some time.
        output = run(["./pan", "-m1000000", *([] if safety else ["-a", "-f", "-N", wanted])], folder)
    wrong = re.search(r"pan:1: ([^(]*)", output)
    states = re.search(r"(\d+) states, stored", output)
    if not states or "max search depth too small" in output or "out of memory" in output:
        sys.exit(f"spin did not finish {model}:\n{output}")
    return wrong.group(1).strip() if wrong else "", int(states.group(1))


def main():
    if not shutil.which("spin"):
        print("spin is not installed: the models are not checked")
        sys.exit(77)
    failed = False
    for model, wanted, definitions in MODELS:
        wrong, states = look(sys.argv[1:], model, wanted, definitions)
        failed |= wrong != ""
        print(f"model {' '.join([model, *definitions])}, {wanted}: {states} states, {wrong or 'all hold'}")
    for model, wanted, mistake in MISTAKES:
        definitions = [f"-D{mistake}"] + (["-DJOBS=1"] if model == "jobs" else [])
        wrong, states = look(sys.argv[1:], model, wanted, definitions)
        found = wrong.startswith("assertion violated" if wanted == "assertions" else "acceptance cycle")
        failed |= not found
        print(f"mistake {mistake}: {'found' if found else 'NOT FOUND'} in {states} states")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
