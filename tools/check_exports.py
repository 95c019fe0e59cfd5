#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds the symbols of libkerolox against what it promises.

  tools/check_exports.py LIBRARY...     libkerolox.so, libkerolox.a, or both

Fails when a library shows a name outside kerolox::v1, a name of kerolox::v1::detail that no public
header needs, or nothing at all; and when the shared library needs a library that is not listed here.
"""
import argparse
import pathlib
import re
import subprocess
import sys

INCLUDE = pathlib.Path(__file__).resolve().parent.parent / "include" / "kerolox"
# What may stand before the name of a symbol that belongs to a class.
ABOUT = r"(?:(?:typeinfo|typeinfo name|vtable|VTT|guard variable) for |(?:non-)?virtual thunk to )?"
OWN = re.compile(ABOUT + r"(?:[\w:<>*&, ]+ )?kerolox::v1::([\w:~]+)")
NEEDED = re.compile(r"lib(isal|simdjson|lz4|zstd|z|ssl|crypto|stdc\+\+|m|gcc_s|c)\.so\.\d+$|"
                    r"ld-linux[\w.-]*$")


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def names_of(library):
    """Demangled names of all symbols that others can link with."""
    which = ["-D"] if ".so" in library.name else ["-g"]
    for line in output("nm", "-C", "--defined-only", *which, str(library)).splitlines():
        match = re.match(r"[0-9a-f]+ ([A-Za-z]) (.*)", line)
        if match:
            yield match.group(2)


def promised_details():
    """Classes and functions of kerolox::detail that are marked KEROLOX_API in a header."""
    found = set()
    for header in INCLUDE.glob("*.hpp"):
        for space in re.findall(r"\nnamespace detail \{\n(.*?)\n\}  // namespace detail",
                                header.read_text(), re.S):
            found.update(re.findall(r"class KEROLOX_API (\w+)", space))
            found.update(re.findall(r"KEROLOX_API [\w:<> ]+?[ &*](\w+)\(", space))
    return found


def check_names(library, problems):
    names = sorted(set(names_of(library)))
    details = promised_details()
    for name in names:
        match = OWN.match(name)
        if not match:
            problems.append(f"{library.name} shows {name}")
        elif match.group(1).startswith("detail::"):
            if match.group(1).split("::")[1] not in details:
                problems.append(f"{library.name} shows {name}, which no header promises")
    if len(names) < 100:
        problems.append(f"{library.name} shows {len(names)} symbols: the rooms are not in it")
    return len(names)


def check_needs(library, problems):
    needs = re.findall(r"\(NEEDED\).*\[(.*)\]", output("readelf", "-d", str(library)))
    problems += [f"{library.name} needs {name}" for name in needs if not NEEDED.match(name)]
    return needs


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("libraries", nargs="+", type=pathlib.Path)
    problems = []
    for library in parser.parse_args().libraries:
        count = check_names(library, problems)
        needs = check_needs(library, problems) if ".so" in library.name else []
        print(f"{library.name}: {count} symbols", *needs)
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
