#!/usr/bin/env python3
"""undescribed.py BUILD SOURCE: what a program is told that has a type which cannot be a payload.

Compiles SOURCE as BUILD compiles the header of the codec. The compiler has to say what the comments of SOURCE say.
"""
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

LIKE = "cofila_codec_hpp.cpp"
NOT_FOR_ME = ("-o", "-MF", "-MQ", "-c")  # each with what follows it


def command_like(build, source):
    entries = json.loads((build / "compile_commands.json").read_text(encoding="utf-8"))
    given = shlex.split(next(entry["command"] for entry in entries if entry["file"].endswith(LIKE)))
    kept = [part for at, part in enumerate(given) if not (part in NOT_FOR_ME or at and given[at - 1] in NOT_FOR_ME)]
    return [part for part in kept if part not in ("ccache", "-MD")] + ["-fsyntax-only", str(source)]


def spoken(text):
    """The compilers differ in their quotes and where they break lines."""
    return re.sub(r"\s+", " ", text.replace("struct ", "").replace("enum class ", ""))


def main():
    build, source = Path(sys.argv[1]), Path(sys.argv[2]).resolve()
    wanted = re.findall(r"^// (.*)$", source.read_text(encoding="utf-8"), re.M)[1:]
    run = subprocess.run(command_like(build, source), cwd=build, capture_output=True, text=True, check=False)
    said = spoken(run.stderr)
    missing = [text for text in wanted if text not in said]
    for text in missing:
        print(f"the compiler does not say: {text}", file=sys.stderr)
    if missing or run.returncode == 0:
        sys.exit(run.stderr or "it compiles")
    print(f"{len(wanted)} texts, none missing")


main()
