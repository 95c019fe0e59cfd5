#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The house rules that a machine can check: lines of 100 columns, files of 600 lines, functions of 70,
a licence line first, no left-over marks, time only through the clock seam, no sleeping tests."""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
COLUMNS, FILE_LINES, FUNCTION_LINES = 100, 600, 70

FORBIDDEN = [
    (re.compile(r"\b(TODO|FIXME|XXX)\b"), "a left-over mark: finish it, or say why in the note"),
    (re.compile(r"system_clock::now|steady_clock::now"), "time comes through base/clock.h"),
]
NAPS = re.compile(r"sleep_for|sleep_until|\busleep\(|\bnanosleep\(")


def tracked():
    out = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, check=True,
                         capture_output=True, text=True).stdout
    return [ROOT / line for line in out.splitlines() if (ROOT / line).is_file()]


def function_lengths(lines):
    """(first line, length) of every block that opens in column 0 and looks like a function."""
    start = None
    for number, line in enumerate(lines, 1):
        if start is None and re.match(r"[A-Za-z~].*\)( const| noexcept| override)* \{$", line):
            start = number
        elif start is None and line.endswith(" {") and re.match(r"    .*\)( const)? \{$", line) \
                and number > 1 and re.match(r"[A-Za-z].*[(,]$", lines[number - 2]):
            start = number - 1
        elif line == "}" and start is not None:
            yield start, number - start + 1
            start = None


def check(path, problems):
    name = path.relative_to(ROOT)
    lines = path.read_text(errors="replace").splitlines()
    is_cpp = path.suffix in (".cc", ".h", ".hpp")
    if is_cpp and len(lines) > FILE_LINES:
        problems.append(f"{name}: {len(lines)} lines, at most {FILE_LINES}")
    if is_cpp and (not lines or "SPDX-License-Identifier: Apache-2.0" not in lines[0]):
        problems.append(f"{name}:1: the licence line is missing")
    # What is built as an application against the public headers has no clock of ours.
    in_clock = name.parts[:2] in (("src", "base"), ("tests", "client")) or name.parts[0] == "bench"
    for number, line in enumerate(lines, 1):
        if is_cpp and len(line) > COLUMNS:
            problems.append(f"{name}:{number}: {len(line)} columns, at most {COLUMNS}")
        for pattern, why in FORBIDDEN:
            if pattern.search(line) and not (in_clock and "clock" in why):
                problems.append(f"{name}:{number}: {why}")
        if path.stem.endswith("_test") and NAPS.search(line):
            problems.append(f"{name}:{number}: tests poll with a deadline, they do not sleep")
    if path.suffix == ".cc":
        for start, length in function_lengths(lines):
            if length > FUNCTION_LINES:
                problems.append(f"{name}:{start}: a function of {length} lines, at most "
                                f"{FUNCTION_LINES}")


def main():
    problems = []
    for path in tracked():
        if path.suffix in (".cc", ".h", ".hpp", ".py", ".sh") and path.name != "tidy.py":
            check(path, problems)
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
