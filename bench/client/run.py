#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""libkerolox beside the Java client 5.4.0: the same loads, by turns, against one Kerolox broker.

  bench/client/run.py --client-load build/release/client_load --kerolox build/release/kerolox
  bench/client/run.py --quick ...            short windows, one turn each
  bench/client/run.py --only received ...    rows with that in their title

Prints one table: rates, CPU time of the client per message, percentiles, memory, and the ratios.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
sys.path.insert(0, str(HERE.parent.parent / "tests" / "compat"))
from harness import machine, nodes  # noqa: E402
import servers  # noqa: E402

JVM = ["-server", "-Xms512m", "-Xmx512m", "-XX:+UseG1GC",
       "-Drocketmq.client.logRoot=/dev/null", "-Drocketmq.log.level=ERROR"]


def main():
    options = parse()
    java_classes = compile_java()
    programs = {
        "java": [str(servers.java()), *JVM, "-cp", f"{java_classes}:{servers.class_path()}",
                 "ClientLoad"],
        "kerolox": [str(options.client_load)],
    }
    turns = ["java", "kerolox"] if options.quick else ["java", "kerolox", "kerolox", "java"]
    seconds, warmup = (3, 3) if options.quick else (6, 6)
    rows = []
    with nodes.Pair(nodes.KEROLOX, options.dir, options.kerolox) as pair:
        def run(kind, mode, topic="ClientBench", **more):
            return load(programs[kind], mode, namesrv=pair.namesrv, topic=topic,
                        seconds=seconds, warmup=warmup, **more)

        def measure(title, mode, **more):
            if options.only not in title:
                return
            results = {"java": [], "kerolox": []}
            for kind in turns:
                results[kind].append(run(kind, mode, **more))
            rows.append((title, mode, merge(results["java"]), merge(results["kerolox"])))
            print(line(*rows[-1]), flush=True)

        print(header())
        for size in (128, 1024):
            measure(f"sync, 1 thread, {size} B", "sync", size=size)
            measure(f"sync, 16 threads, {size} B", "sync", size=size, threads=16)
            measure(f"async, 256 in flight, {size} B", "async", size=size, inflight=256)
            measure(f"oneway, {size} B", "oneway", size=size)
        fill = run("kerolox", "async", size=128, inflight=256)
        count = min(int(fill["count"]), 1_000_000)
        for batch in (1, 32):
            measure(f"push, batches of {batch}", "consume", count=count, skip=count // 4,
                    batch=batch)
        for rate in (1000, 8000):
            # A new group may begin with the first message of a topic: this one has few.
            measure(f"sent and received, {rate}/s, 128 B", "latency", topic="ClientLatency",
                    rate=rate, size=128)
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(rows, indent=1))


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", default="", help="rows whose title has this text")
    parser.add_argument("--client-load", type=pathlib.Path, required=True)
    parser.add_argument("--kerolox", type=pathlib.Path, default=nodes.default_kerolox())
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--dir", default=tempfile.gettempdir())
    return parser.parse_args()


def compile_java():
    classes = HERE.parent.parent / "build" / "bench" / "client-java"
    classes.mkdir(parents=True, exist_ok=True)
    subprocess.run(["javac", "-cp", servers.class_path(), "-d", str(classes),
                    str(HERE / "ClientLoad.java")], check=True)
    return classes


def load(program, mode, **options):
    argv = [*program, mode]
    for name, value in options.items():
        argv += [f"--{name}", str(value)]
    run = subprocess.run(argv, capture_output=True, text=True, timeout=180)
    if run.returncode != 0:
        sys.exit(f"run.py: {' '.join(argv[-8:])}: {run.stderr.strip()[-2000:]}")
    return json.loads(run.stdout.strip().splitlines()[-1])


def merge(results):
    """Turns of one kind: counts and times add up, percentiles are the turns' means."""
    total = {"count": sum(r["count"] for r in results),
             "failed": sum(r["failed"] for r in results),
             "rate": sum(r["count"] for r in results) / sum(r["seconds"] for r in results),
             "cpu_us": 1e6 * sum(r["cpu_seconds"] for r in results)
             / max(1, sum(r["count"] for r in results)),
             "rss_mib": max(r["rss_kib"] for r in results) / 1024}
    for name in ("p50_us", "p99_us", "p999_us"):
        if name in results[0]:
            total[name] = sum(r[name] for r in results) / len(results)
    return total


def header():
    return ("| load | Java: per second | CPU µs | p50 / p99 / p99.9 µs | MiB | Kerolox: per second "
            "| CPU µs | p50 / p99 / p99.9 µs | MiB | CPU ratio |\n"
            "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")


def line(title, _, java, ours):
    def cells(r):
        times = " / ".join(f"{r[k]:,.0f}" for k in ("p50_us", "p99_us", "p999_us")) \
            if r.get("p50_us") else "-"
        failed = f" ({r['failed']} failed)" if r["failed"] else ""
        return f"{r['rate']:,.0f}{failed} | {r['cpu_us']:.2f} | {times} | {r['rss_mib']:.0f}"
    return f"| {title} | {cells(java)} | {cells(ours)} | {java['cpu_us'] / ours['cpu_us']:.1f} |"


if __name__ == "__main__":
    main()
