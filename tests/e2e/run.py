#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""End-to-end tests with the real binary: run.py --kerolox build/release/kerolox [--only TEXT]."""
import argparse
import importlib
import inspect
import pathlib
import sys
import time
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kerolox", required=True)
    parser.add_argument("--only", default="", help="tests whose name holds this text")
    parser.add_argument("--rounds", type=int, help="kills in the crash tests")
    options = parser.parse_args()
    kerolox = str(pathlib.Path(options.kerolox).resolve())
    passed = failed = 0
    for path in sorted(HERE.glob("test_*.py")):
        module = importlib.import_module(path.stem)
        for name, test in inspect.getmembers(module, inspect.isfunction):
            if not name.startswith("test_") or options.only not in name:
                continue
            arguments = {}
            if options.rounds and "rounds" in inspect.signature(test).parameters:
                arguments["rounds"] = options.rounds
            began = time.monotonic()
            try:
                note = test(kerolox, **arguments)
                passed += 1
                print(f"PASS {name} ({time.monotonic() - began:.1f} s){': ' + note if note else ''}",
                      flush=True)
            except Exception:  # a failed test is reported, the others still run
                failed += 1
                print(f"FAIL {name}\n{traceback.format_exc()}", flush=True)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
