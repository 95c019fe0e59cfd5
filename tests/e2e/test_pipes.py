# SPDX-License-Identifier: Apache-2.0
"""`kerolox produce`, `consume` and `bench` against a running server."""
import json

from harness import Dev, directory, expect, run


def test_lines_in_and_out(kerolox):
    with directory() as data, Dev(kerolox, data) as server:
        lines = [f"line {i} ä" for i in range(1000)]
        sent = run(kerolox, "produce", "Pipe", "-n", server.namesrv, stdin="\n".join(lines) + "\n")
        expect(sent.returncode == 0, sent.stderr)
        got = run(kerolox, "consume", "Pipe", "-n", server.namesrv, "--from", ":start", "-e", "-f",
                  "%s\\n")
        expect(got.returncode == 0, got.stderr)
        expect(sorted(got.stdout.splitlines()) == sorted(lines), f"{len(got.stdout.splitlines())} lines")
        as_json = run(kerolox, "consume", "Pipe", "-n", server.namesrv, "--from", ":start", "-c", "5",
                      "-o", "json")
        expect(len([json.loads(line) for line in as_json.stdout.splitlines()]) == 5, as_json.stdout)


def test_unreachable_and_unknown(kerolox):
    gone = run(kerolox, "produce", "Pipe", "-n", "127.0.0.1:1", stdin="x\n")
    expect(gone.returncode == 5 and "127.0.0.1:1" in gone.stderr, f"{gone.returncode} {gone.stderr}")
    with directory() as data, Dev(kerolox, data) as server:
        unknown = run(kerolox, "consume", "NoSuchTopic", "-n", server.namesrv, "-e")
        expect(unknown.returncode == 3 and "NoSuchTopic" in unknown.stderr,
               f"{unknown.returncode} {unknown.stderr}")


def test_bench(kerolox):
    with directory() as data, Dev(kerolox, data) as server:
        made = run(kerolox, "bench", "produce", "-n", server.namesrv, "--seconds", "1", "--inflight", "32",
                   "--size", "128", "-o", "json")
        expect(made.returncode == 0, f"{made.returncode} {made.stdout} {made.stderr}")
        result = json.loads(made.stdout)
        expect(result, "bench prints its result as JSON")
