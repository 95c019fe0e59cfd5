# SPDX-License-Identifier: Apache-2.0
"""Builds and runs the two native programs of the benchmarks: the load generator and the limits."""
import json
import pathlib
import resource
import subprocess
import time

from . import machine

BENCH = pathlib.Path(__file__).resolve().parent.parent
BUILD = BENCH.parent / "build" / "bench"
COMPILE = ["clang++-19", "-std=c++20", "-O2", "-g1", "-fno-omit-frame-pointer", "-Wall", "-Wextra",
           "-Wpedantic", "-Wshadow", "-Wconversion", "-Wsign-conversion", "-Wold-style-cast",
           "-Wnon-virtual-dtor", "-Woverloaded-virtual", "-Werror"]
# The generator gives up on a silent server after 15 s; nothing it does takes longer than this.
RUN_DEADLINE_S = 180


class LoadFailure(Exception):
    """A load that could not be run: the text is what the program said."""


def build():
    """Compiles what is older than its sources."""
    BUILD.mkdir(parents=True, exist_ok=True)
    headers = list(BENCH.glob("*/*.h"))
    for name in ("generator", "limits"):
        sources = sorted([*BENCH.glob("common/*.cc"), *BENCH.glob(f"{name}/*.cc")])
        program = BUILD / name
        newest = max(path.stat().st_mtime for path in [*sources, *headers])
        if program.exists() and program.stat().st_mtime > newest:
            continue
        subprocess.run([*COMPILE, f"-I{BENCH}", *map(str, sources), "-o", str(program)], check=True)


def generate(mode, address, pid, **options):
    """One run of the generator against the server `pid`. Returns what it printed, with two figures
    more: cpu_us, the server's CPU time per message, and foreign, the share of one core that
    neither the server nor the generator used (other people, and the kernel's own threads)."""
    argv = [str(BUILD / "generator"), mode, "--address", address, "--watch", str(pid)]
    for name, value in options.items():
        argv += [f"--{name.replace('_', '-')}", str(value)]
    before = _spent(pid)
    run = subprocess.run(argv, capture_output=True, text=True, timeout=RUN_DEADLINE_S)
    after = _spent(pid)
    if run.returncode != 0:
        raise LoadFailure(f"{' '.join(argv[1:])}: {run.stderr.strip()}")
    result = json.loads(run.stdout)
    result["cpu_us"] = 1e6 * result["watched_cpu_seconds"] / max(result["count"], 1)
    elapsed, ours, busy = (b - a for a, b in zip(before, after))
    result["foreign"] = max(0.0, (busy - ours) / elapsed)
    return result


def limit(*arguments):
    """One run of the limits program that ends by itself."""
    run = subprocess.run([str(BUILD / "limits"), *map(str, arguments)], capture_output=True,
                         text=True, timeout=RUN_DEADLINE_S)
    if run.returncode != 0:
        raise LoadFailure(run.stderr.strip())
    return json.loads(run.stdout)


class Echo:
    """The limit program that answers frames; a context manager with `address` and `pid`."""

    def __init__(self, file):
        self.file = pathlib.Path(file)

    def __enter__(self):
        self.process = subprocess.Popen([str(BUILD / "limits"), "echo", "0", str(self.file)],
                                        stdout=subprocess.PIPE, text=True)
        # It prints the port when it listens, so this line waits exactly as long as needed.
        self.address = f"127.0.0.1:{self.process.stdout.readline().strip()}"
        self.pid = self.process.pid
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.file.unlink(missing_ok=True)


def _spent(pid):
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    ours = machine.cpu_seconds(pid) + children.ru_utime + children.ru_stime
    return time.monotonic(), ours, machine.busy_seconds()
