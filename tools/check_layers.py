#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds the rooms of src/ against their DEPS lines.

Reads kx_module(NAME ... DEPS ... LIBS ...) of every src/<room>/CMakeLists.txt and every #include, and
fails on an include of a room that is not in DEPS, on a cycle, on a DEPS entry that nobody includes,
and on a library that is seen outside the rooms it is meant for.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SRC = ROOT / "src"

# Who may see which library (docs/architecture.md): a pattern of the include, and the rooms.
LIBRARIES = {
    r"<boost/asio|<boost/system": {"net", "namesrv", "client", "broker", "console", "cli"},
    r"<boost/beast": {"client", "console"},
    r"<openssl/": {"client", "net"},
    r"<simdjson": {"base"},
    r"<spdlog": {"base"},
    r"<CLI/": {"cli"},
    r"<prometheus": {"base", "console"},
}


def rooms():
    found = {}
    for lists in sorted(SRC.glob("*/CMakeLists.txt")):
        text = lists.read_text()
        call = re.search(r"kx_module\(\s*(\w+)(.*?)\)\s*$", text, re.S | re.M)
        if not call:
            sys.exit(f"{lists.relative_to(ROOT)}: no kx_module() call")
        words = call.group(2).split()
        deps, taking = [], False
        for word in words:
            if word in ("DEPS", "LIBS", "ASIO"):
                taking = word == "DEPS"
            elif taking:
                deps.append(word)
        found[call.group(1)] = deps
    return found


def includes(room):
    for path in sorted((SRC / room).rglob("*")):
        if path.suffix not in (".h", ".cc"):
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            match = re.match(r'\s*#include\s+(["<][^">]+[">])', line)
            if match:
                yield path.relative_to(ROOT), number, match.group(1)


def check_cycles(deps, problems):
    done = {}

    def visit(room, trail):
        if done.get(room) == "open":
            problems.append("cycle: " + " -> ".join(trail + [room]))
            return
        if done.get(room):
            return
        done[room] = "open"
        for below in deps.get(room, []):
            visit(below, trail + [room])
        done[room] = "closed"

    for room in deps:
        visit(room, [])


def main():
    deps = rooms()
    problems = []
    check_cycles(deps, problems)
    for room, below in deps.items():
        for name in below:
            if name not in deps:
                problems.append(f"src/{room}/CMakeLists.txt: DEPS names {name}, which is no room")
        used = set()
        for path, number, target in includes(room):
            is_test = path.stem.endswith(("_test", "_fuzz", "_bench"))
            if target.startswith('"'):
                other = target.strip('"').split("/")[0]
                if other in deps and other != room:
                    used.add(other)
                    if other not in below:
                        problems.append(f"{path}:{number}: {room} must not include {target}")
            for pattern, allowed in LIBRARIES.items():
                if not is_test and re.match(pattern, target) and room not in allowed:
                    problems.append(f"{path}:{number}: {target} is for {', '.join(sorted(allowed))}")
        for name in below:
            if name not in used and any((SRC / room).rglob("*.cc")):
                problems.append(f"src/{room}/CMakeLists.txt: DEPS names {name}, nobody includes it")
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
