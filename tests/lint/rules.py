#!/usr/bin/env python3
"""The project's own rules about its sources: layers, clocks, detached coroutines, awaits in catch blocks, length.

Without arguments: checks the tree. With --self-test: checks that every rule finds what it is there to find.
"""
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# An include may only point to a layer on the left, or to its own.
MAY_USE = {
    "pch": set(),
    "domain": {"domain"},
    "ports": {"domain", "ports"},
    "async": {"domain", "ports", "async"},
    "memory": {"domain", "ports", "async", "memory"},
    "store": {"domain", "ports", "async", "store"},
    "sqlite": {"domain", "ports", "async", "store", "sqlite"},
    "postgres": {"domain", "ports", "async", "store", "postgres"},
    "system": {"domain", "ports", "async", "system"},
    "runtime": {"domain", "ports", "async", "runtime"},
    "queue": {"domain", "ports", "async", "runtime", "queue"},
    "worker": {"domain", "ports", "async", "runtime", "queue", "worker"},
    "upkeep": {"domain", "ports", "async", "runtime", "queue", "upkeep"},
    "engine": {"domain", "ports", "async", "memory", "sqlite", "postgres", "system", "runtime", "queue", "worker", "upkeep", "engine"},
    "testing": {"domain", "ports", "async", "memory", "runtime", "queue", "worker", "engine", "testing"},
}
PUBLIC = {
    "domain": "backoff cancel_reason decoding deduplication detail/compiler detail/json_scan durability error event_log failure job_id job_options "
              "job_state limits metrics outcome queue_types repository/job_change repository/job_record repository/job_situation "
              "repository/lock repository/news repository/transition retention time why",
    "ports": "clock environment logger postgres_transaction random_source repository/job_repository",
    "async": "detail/on_loop",
    "memory": "memory",
    "runtime": "codec detail/core detail/json_kinds detail/json_path detail/json_quick detail/json_read detail/json_time detail/json_write detail/typed "
               "event_stream events job maintenance_options queue queue_view worker worker_options",
    "engine": "blocking cofila detail/blocking_core engine postgres run_main sqlite stop_on_signal",
    "testing": "testing testing/manual_clock",
}
LAYER_OF_HEADER = {f"cofila/{name}.hpp": layer for layer, names in PUBLIC.items() for name in names.split()}
# What every program would pay for, and few need, is included by these public headers alone.
ONLY_FROM = {
    "cofila/events.hpp": {"cofila/cofila.hpp"},
    "cofila/repository/job_repository.hpp": {"cofila/memory.hpp"},
}
# Tables decide nothing: of the domain they know values, of the store what it asks of them.
TABLES = re.compile(r'lib/\w+/tables(_\w+)?\.[hc]pp$')
TABLES_MAY_USE = {"domain": "generated_id limits overloaded validation".split(), "store": "tables values".split()}
MOST_LINES = 300
INSTALLED = set(re.findall(r"'(cofila/[^']+)'", (ROOT / "include/meson.build").read_text(encoding="utf-8")))

INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', re.M)
COMMENT = re.compile(r'//[^\n]*|/\*.*?\*/', re.S)
TEXT = re.compile(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])\'')
SLEEP = re.compile(r'\bsleep_for\b|\bthis_thread::sleep_\w+|\b(u|nano)sleep\s*\(|[^_\w]sleep\s*\(\s*\d')
CLOCK = re.compile(r'::now\s*\(|\b(steady|system|high_resolution|deadline|waitable)_timer\b|\bgettimeofday\b|'
                   r'\bclock_gettime\b|\brandom_device\b|\bstd::rand\b|\bmt19937\w*|\bgetrandom\b')
# What a queue or a worker is awaited for happens on its loop, wherever the caller is; all else may be called anywhere.
CORE_CALL = re.compile(r'(at_home\(\s*core(?:_|\(\))?,\s*)?\bdetail::(?!at_home\b)(\w+)\(core(?:_|\(\))?[,)]')
ANYWHERE = {
    "include/cofila/queue.hpp": "how_to_decode is_at_home start_maintenance".split(),
    "include/cofila/queue_view.hpp": "events how_to_decode make_stream name".split(),
    "include/cofila/worker.hpp": "cancel_all cancel_job events id set_concurrency set_paused stop".split(),
}


def layer_of(path):
    parts = path.split("/")
    if parts[0] == "include":
        return LAYER_OF_HEADER.get("/".join(parts[1:]))
    if parts[0] == "lib" and len(parts) > 2:
        return parts[1]
    return None


def line_of(text, at):
    return text.count("\n", 0, at) + 1


def without_comments(text):
    """The same lines without what is in comments and quotes. Quotes first: there may be a // in one."""
    text = TEXT.sub(lambda found: '"' + ' ' * (len(found.group()) - 2) + '"', text)
    return COMMENT.sub(lambda found: re.sub(r'[^\n]', ' ', found.group()), text)


def catch_blocks(code):
    for found in re.finditer(r'\bcatch\s*\([^)]*\)\s*\{', code):
        depth, at = 1, found.end()
        while depth and at < len(code):
            depth += {"{": 1, "}": -1}.get(code[at], 0)
            at += 1
        yield found.end(), code[found.end():at]


def check_includes(path, text):
    layer = layer_of(path)
    library = path.startswith(("lib/", "include/"))
    if path.startswith("include/") and layer is None:
        yield 1, "a public header without a layer: add it to PUBLIC in tests/lint/rules.py"
    if path.startswith("include/") and path.removeprefix("include/") not in INSTALLED:
        yield 1, "a public header that is not installed: add it to include/meson.build"
    if layer and layer not in MAY_USE:
        yield 1, "a folder that is no layer: add it to MAY_USE in tests/lint/rules.py"
        return
    for found in INCLUDE.finditer(text):
        name, line = found.group(1), line_of(text, found.start())
        folder = name.split("/")[0] if "/" in name else None
        target = LAYER_OF_HEADER.get(name) or (folder if folder in MAY_USE else None)
        if library and name.startswith("."):
            yield line, "name the layer's folder, as in \"domain/backoff.hpp\""
        if layer and target and target not in MAY_USE[layer]:
            yield line, f"layer '{layer}' may not include '{name}' of layer '{target}'"
        if TABLES.match(path) and folder in TABLES_MAY_USE and Path(name).stem not in TABLES_MAY_USE[folder]:
            yield line, f"tables decide nothing: what needs '{name}' is an operation of lib/store"
        if path.startswith("include/") and name in ONLY_FROM and path.removeprefix("include/") not in ONLY_FROM[name]:
            yield line, f"'{name}' would come into every program: declare what is needed of it"
        shared = path == "include/cofila/sqlite.hpp" and name.startswith("SQLiteCpp/")
        if name.startswith(("SQLiteCpp/", "sqlite3")) and library and layer != "sqlite" and not shared:
            yield line, "SQLite belongs into lib/sqlite"
        if name.startswith("libpq") and library and layer != "postgres":
            yield line, "libpq belongs into lib/postgres"
        if "signals2" in name and library and path != "include/cofila/events.hpp":
            yield line, "Signals2 belongs into include/cofila/events.hpp"
        if name == "boost/asio.hpp" and library:
            yield line, "include the parts of Asio that are needed, not all of it"
        if name.startswith("boost/asio") and layer == "domain":
            yield line, "the domain does not know Asio"


def check_code(path, text):
    code = without_comments(text)
    if path.startswith(("lib/", "include/")) and path != "lib/system/clock.cpp":
        for found in (*CLOCK.finditer(code), *SLEEP.finditer(code)):
            yield line_of(code, found.start()), f"'{found.group().strip()}' belongs into lib/system/clock.cpp"
    if path.startswith("tests/"):
        for found in SLEEP.finditer(code):
            yield line_of(code, found.start()), "a test does not sleep"
    for found in re.finditer(r'\bdetached\b', code):
        yield line_of(code, found.start()), "a detached coroutine has no owner"
    for found in CORE_CALL.finditer(code) if path in ANYWHERE else ():
        if not found.group(1) and found.group(2) not in ANYWHERE[path]:
            yield line_of(code, found.start(2)), f"'{found.group(2)}' has to be called through detail::at_home"
    for at, block in catch_blocks(code):
        if "co_await" in block:
            yield line_of(code, at), "no co_await in a catch block"


def check_length(_, text):
    if text.count("\n") > MOST_LINES:
        yield MOST_LINES + 1, f"a file has at most {MOST_LINES} lines: split it by subject"


def violations(path, text):
    yield from check_includes(path, text)
    yield from check_code(path, text)
    yield from check_length(path, text)


PLANTED = [
    ("lib/domain/x.cpp", '#include "queue/queue_core.hpp"\n'),
    ("lib/domain/x.cpp", '#include <boost/asio/awaitable.hpp>\n'),
    ("lib/memory/x.cpp", '#include "sqlite/session.hpp"\n'),
    ("lib/memory/x.cpp", '#include "store/moving.hpp"\n'),
    ("lib/store/x.cpp", '#include "sqlite/session.hpp"\n'),
    ("lib/store/x.cpp", '#include <SQLiteCpp/Exception.h>\n'),
    ("lib/upkeep/x.cpp", '#include "store/backend.hpp"\n'),
    ("lib/sqlite/tables_x.cpp", '#include "domain/transitions.hpp"\n'),
    ("lib/sqlite/tables_x.cpp", '#include "store/moving.hpp"\n'),
    ("lib/worker/x.cpp", '#include <SQLiteCpp/Database.h>\n'),
    ("include/cofila/queue.hpp", '#include <SQLiteCpp/Database.h>\n'),
    ("include/cofila/sqlite.hpp", '#include <sqlite3.h>\n'),
    ("lib/store/x.cpp", '#include <libpq-fe.h>\n'),
    ("lib/sqlite/x.cpp", '#include "postgres/link.hpp"\n'),
    ("lib/worker/x.cpp", '#include <boost/signals2/signal.hpp>\n'),
    ("lib/worker/x.cpp", '#include <boost/asio.hpp>\n'),
    ("lib/worker/x.cpp", '#include <cofila/engine.hpp>\n'),
    ("lib/system/x.cpp", '#include "../sqlite/session.hpp"\n'),
    ("include/cofila/queue.hpp", '#include <cofila/events.hpp>\n'),
    ("include/cofila/engine.hpp", '#include <cofila/repository/job_repository.hpp>\n'),
    ("lib/pch/pch.hpp", '#include <cofila/events.hpp>\n'),
    ("lib/unheard_of/x.cpp", 'int x;\n'),
    ("include/cofila/unheard_of.hpp", '#pragma once\n'),
    ("lib/worker/x.cpp", 'auto t = std::chrono::steady_clock::now();\n'),
    ("lib/domain/x.cpp", 'using real = std::chrono::steady_clock;\nauto t = real::now();\n'),
    ("lib/sqlite/x.cpp", 'std::this_thread::sleep_for(gap);\n'),
    ("lib/sqlite/x.cpp", "out << '\"'; usleep(5); out << '\"';\n"),
    ("lib/domain/x.cpp", 'std::mt19937_64 dice{std::random_device{}()};\n'),
    ("lib/engine/x.cpp", 'asio::steady_timer timer{executor};\n'),
    ("tests/unit/x_test.cpp", 'usleep(100);\n'),
    ("include/cofila/queue.hpp", 'awaitable<bool> is_paused() const { return detail::is_paused(core_); }\n'),
    ("include/cofila/queue.hpp", 'awaitable<void> x(job_id id) const\n{\n    return drop(detail::change(core_, id));\n}\n'),
    ("include/cofila/worker.hpp", 'boost::asio::awaitable<int> run() { return detail::run(core_); }\n'),
    ("apps/x.cpp", 'co_spawn(io, f(), boost::asio::detached);\n'),
    ("lib/engine/x.cpp", 'using asio::detached;\nco_spawn(io, f(), detached);\n'),
    ("lib/engine/x.cpp", 'try { f(); } catch (...) { if (x) { co_await g(); } }\n'),
    ("tests/unit/x_test.cpp", 'int x;\n' * 301),
]
HARMLESS = [
    ("include/cofila/queue.hpp", 'awaitable<bool> x() const { return detail::at_home(core_, detail::is_paused(core_)); }\n'),
    ("lib/worker/x.cpp", '// steady_clock::now() is read elsewhere\n#include "domain/backoff.hpp"\n'),
    ("lib/system/clock.cpp", 'return std::chrono::steady_clock::now();\n'),
    ("lib/engine/x.cpp", 'try { f(); } catch (...) { e = std::current_exception(); } co_await g();\n'),
    ("tests/unit/x_test.cpp", 'int x;\n' * 300),
    ("include/cofila/sqlite.hpp", '#include <SQLiteCpp/Database.h>\n'),
    ("include/cofila/cofila.hpp", '#include <cofila/events.hpp>\n'),
    ("lib/engine/x.cpp", 'log("asio::detached");\n#include "sqlite/repository.hpp"\n'),
]


def self_test():
    missed = [text for path, text in PLANTED if not list(violations(path, text))]
    wrong = [text for path, text in HARMLESS if list(violations(path, text))]
    for text in missed:
        print("not found:", text.strip())
    for text in wrong:
        print("found without reason:", text.strip())
    print(f"{len(PLANTED)} planted violations, {len(missed)} missed; {len(HARMLESS)} harmless lines, {len(wrong)} accused")
    return bool(missed or wrong)


def check_tree():
    found = 0
    files = [p for folder in ("include", "lib", "apps", "tests") for p in sorted((ROOT / folder).rglob("*.[hc]pp"))]
    for file in files:
        path = file.relative_to(ROOT).as_posix()
        for line, what in violations(path, file.read_text(encoding="utf-8")):
            print(f"{path}:{line}: {what}")
            found += 1
    print(f"{len(files)} files, {found} violations")
    return found > 0


if __name__ == "__main__":
    sys.exit(self_test() if "--self-test" in sys.argv else check_tree())
