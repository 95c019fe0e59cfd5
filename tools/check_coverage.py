#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds docs/client/coverage.md against the tests: every claim has a test that exists or a reason.

Fails on a missing, doubled or empty row, on a test that nobody wrote, and on a row that neither
names a test nor begins with `none: ` and a reason.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
TABLE = ROOT / "docs" / "client" / "coverage.md"
CLAIMS = 150
SHORTEST_REASON = 10

ROW = re.compile(r"^\| (\d+) \|.*\| ([^|]*) \|$")
TEST = re.compile(r"\bTEST(?:_F|_P)?\(\s*(\w+),\s*(\w+)\s*\)")
NAMED = re.compile(r"`(\w+\.\w+)`")
# "client.hpp" and its like are files, not tests.
FILE_ENDINGS = (".hpp", ".h", ".cc", ".py", ".md")


def tests_there_are():
    found = set()
    for place in ("src", "tests"):
        for path in (ROOT / place).rglob("*.cc"):
            found.update(f"{suite}.{name}" for suite, name in TEST.findall(path.read_text()))
    return found


def check_row(number, cell, tests):
    named = [name for name in NAMED.findall(cell) if not name.endswith(FILE_ENDINGS)]
    for name in named:
        if name not in tests:
            yield f"row {number}: there is no test {name}"
    reason = cell.removeprefix("none:").strip()
    if cell.startswith("none:"):
        if len(reason) < SHORTEST_REASON:
            yield f"row {number}: a reason says more than '{reason}'"
    elif not named:
        yield f"row {number}: neither a test nor a reason"


def main():
    tests = tests_there_are()
    problems, seen = [], []
    for line in TABLE.read_text().splitlines():
        if match := ROW.match(line):
            number = int(match.group(1))
            seen.append(number)
            problems += check_row(number, match.group(2).strip(), tests)
    if seen != list(range(1, CLAIMS + 1)):
        problems.append(f"rows 1 to {CLAIMS} are not there once each, in order")
    for problem in problems:
        print(f"{TABLE.relative_to(ROOT)}: {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
