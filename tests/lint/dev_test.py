#!/usr/bin/env python3
"""What ./dev does before it builds, with an apt and a ninja that only write down what they are asked for."""
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

DEV = Path(__file__).resolve().parents[2] / "dev"
REMOVAL = "Remv libboost1.74-dev [1.74.0]\nInst libboost1.81-dev (1.81.0)"
STUBS = {
    "apt-get": 'echo "apt-get $*" >>"$ASKED"; case $1 in -s) echo "$PLAN" ;; esac',
    "clang++-19": "echo 19",
    "dpkg-query": "exit 1",
    "meson": "exit 1",
    "ninja": 'echo "ninja $*" >>"$ASKED"; exit 1',
    "sudo": '"$@"',
}


def dev(command, plan, answer=None):
    """What was asked for and what was said by ./dev COMMAND in a folder that has been configured."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "dev").write_bytes(DEV.read_bytes())
        (root / "build").mkdir()
        (root / "build/build.ninja").touch()
        (root / "bin").mkdir()
        for name, script in STUBS.items():
            (root / "bin" / name).write_text(f"#!/bin/sh\n{script}\n")
            (root / "bin" / name).chmod(0o755)
        environment = {
            "ASKED": str(root / "asked"), "CXX": "clang++-19", "PATH": f"{root / 'bin'}:/usr/bin:/bin", "PLAN": plan,
        }
        run = ["bash", str(root / "dev"), command]
        if answer:
            environment["DEV_ASKS"] = "yes"
        done = subprocess.run(run, input=answer or "", capture_output=True, env=environment, text=True, timeout=60)
        asked = root / "asked"
        return asked.read_text() if asked.exists() else "", done.stdout + done.stderr, done.returncode


class Dev(unittest.TestCase):
    def test_demo_builds_the_program_that_it_shows_and_nothing_else(self):
        asked, said, _ = dev("demo", "Inst doctest-dev (2.4.9)")
        self.assertIn("ninja -C build apps/sample_worker/sample_worker\n", asked, said)
        self.assertEqual(asked.count("ninja -C"), 1)

    def test_with_nobody_to_ask_nothing_is_installed_for_which_apt_would_remove_packages(self):
        asked, said, code = dev("demo", REMOVAL)
        self.assertIn("apt would remove libboost1.74-dev\n", said)
        self.assertNotIn("apt-get -qq install", asked)
        self.assertNotEqual(code, 0)

    def test_what_apt_would_remove_is_asked_about(self):
        refused, said, _ = dev("demo", REMOVAL, "n\n")
        self.assertIn("Go on? [y/N]", said)
        self.assertNotIn("apt-get -qq install", refused)
        allowed, _, _ = dev("demo", REMOVAL, "y\n")
        self.assertIn("apt-get -qq install", allowed)


if __name__ == "__main__":
    unittest.main(verbosity=0, argv=[sys.argv[0]])
