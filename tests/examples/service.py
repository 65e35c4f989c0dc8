#!/usr/bin/env python3
"""service.py PROGRAM: what the page on services says of apps/examples/service.cpp.

It answers requests with jobs, a signal ends it, and where its port is taken it says so and ends, whatever waits.
"""
import signal
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

PROGRAM = Path(sys.argv[1]).resolve()
BOUND = 120


def start(folder, port="0"):
    return subprocess.Popen(
        [PROGRAM, "service.db", port], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def post(port, text):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/mails", text.encode(), timeout=BOUND) as reply:
        return reply.status, reply.read().decode()


def end(service):
    said, complained = service.communicate(timeout=BOUND)
    return service.returncode, said, complained


with tempfile.TemporaryDirectory() as folder:
    first = start(folder)
    try:
        port = first.stdout.readline().strip()
        replies = [post(port, text) for text in ("one", "two")]
        second = end(start(folder, port))
        replies.append(post(port, "three"))
        first.send_signal(signal.SIGTERM)
        code, _, complained = end(first)
    finally:
        first.kill()

if [status for status, _ in replies] != [202] * 3 or len({job for _, job in replies}) != 3:
    sys.exit(f"the replies were {replies}")
if code != 0:
    sys.exit(f"after SIGTERM the exit code was {code}: {complained}")
if second[0] != 1 or second[1] or "in use" not in second[2]:
    sys.exit(f"with a port that is taken: {second}")
