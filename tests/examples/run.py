#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the programs of examples/, each to its end.

  tests/examples/run.py --build build/release --kerolox PROGRAM   against `kerolox dev`
  tests/examples/run.py --build build/release --namesrv ADDRESS   against a cluster that is there,
                                                                  Apache RocketMQ's for instance

An example whose feature the library does not have yet is no program (examples/CMakeLists.txt) and is
named; so is one that asks for what Kerolox's broker does not serve yet.
"""
import argparse
import contextlib
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "e2e"))
import harness  # noqa: E402

# Served by Apache RocketMQ, not yet by Kerolox (docs/compatibility.md).
LATER = {"delay": "delayed and timer messages", "transaction": "transactions",
         "request_reply": "request-reply", "sql_filter": "SQL filters", "pop": "pop"}
# Needs what nobody sets up here; that it compiles is all that is checked.
UNSUPPORTED = {"tls": "servers with certificates"}


def examples():
    text = (ROOT / "examples" / "CMakeLists.txt").read_text()
    return re.search(r"set\(EXAMPLES\s+(.*?)\)", text, re.S).group(1).split()


def run_one(program, address, directory):
    try:
        done = subprocess.run([str(program.resolve()), address], capture_output=True, text=True,
                              timeout=90, env=harness.environment(), cwd=directory, check=False)
    except subprocess.TimeoutExpired:
        return "did not end within 90 s"
    if done.returncode != 0:
        return f"ended with {done.returncode}: {(done.stdout + done.stderr)[-600:]}"
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--kerolox", type=pathlib.Path)
    where.add_argument("--namesrv")
    parser.add_argument("--only", help="names, by commas")
    arguments = parser.parse_args()
    names = arguments.only.split(",") if arguments.only else examples()
    ran, skipped, failed = 0, [], []
    with contextlib.ExitStack() as stack:
        address = arguments.namesrv
        # What examples keep on disk belongs to this run's broker.
        directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="kerolox-examples-"))
        if arguments.kerolox:
            data = stack.enter_context(tempfile.TemporaryDirectory(prefix="kerolox-examples-"))
            server = stack.enter_context(harness.Dev(str(arguments.kerolox.resolve()), data))
            address = server.namesrv
        for name in names:
            program = arguments.build / "examples" / name
            if not program.exists():
                skipped.append(f"{name} (not in the library yet)")
            elif name in UNSUPPORTED:
                skipped.append(f"{name} (needs {UNSUPPORTED[name]})")
            elif arguments.kerolox and name in LATER:
                skipped.append(f"{name} (Kerolox does not serve {LATER[name]} yet)")
            else:
                problem = run_one(program, address, directory)
                ran += 1
                if problem:
                    failed.append(name)
                    print(f"{name}: {problem}", flush=True)
    for text in skipped:
        print(f"SKIP {text}")
    print(f"examples: {ran} ran, {len(skipped)} skipped, {len(failed)} failed"
          + (f": {', '.join(failed)}" if failed else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
