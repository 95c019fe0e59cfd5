# SPDX-License-Identifier: Apache-2.0
"""The measurements. Each stage loads one running broker and files its figures under keys such as
send.256.128.rate: stage, in flight or rate, body size, figure."""
import os
import time

from . import machine, nodes, plan as plans, programs


class Session:
    """One broker from its start to its end, and all the figures it gave."""

    def __init__(self, plan, say):
        self.plan = plan
        self.say = say
        self.figures = {}
        self.notes = []
        self.foreign = 0.0
        self.highest_anonymous = 0.0

    def run(self, kind, base, kerolox, stages):
        with nodes.Pair(kind, base, kerolox) as pair:
            self.say(f"{kind}: ready in {pair.ready_ms:.0f} ms")
            self.figures["ready.ms"] = pair.ready_ms
            if "memory" in stages:
                self._at_rest(pair)
            self._warm(pair, size=128)
            if "memory" in stages:
                self._under_load(pair)
            # What writes most comes last: its pages keep the disk busy for a while.
            if "latency" in stages:
                self._latency(pair)
            if "send" in stages:
                self._closed(pair, in_flight=1)
            if "pull" in stages:
                self._pull(pair)
            if "send" in stages:
                self._closed(pair, in_flight=256)
            if "memory" in stages:
                self.figures["memory.highest.anonymous"] = self.highest_anonymous
        return self

    def run_sync(self, kind, base, kerolox):
        with nodes.Pair(kind, base, kerolox, {"flushDiskType": "SYNC_FLUSH"}) as pair:
            size = plans.SYNC_SIZE
            self._warm(pair, size)
            for in_flight in plans.SYNC_IN_FLIGHT:
                result = self._send(pair, size, in_flight=in_flight)
                self._file(f"sync.{in_flight}.{size}", result, "rate", "cpu_us", "p50_us", "p99_us")
        return self

    def _at_rest(self, pair):
        end = time.monotonic() + self.plan.rest_s
        while time.monotonic() < end:
            resident, anonymous = machine.memory_mib(pair.pid)
            time.sleep(0.1)
        self.figures["memory.rest.resident"] = resident
        self.figures["memory.rest.anonymous"] = anonymous

    def _under_load(self, pair):
        """The same load for everybody, for resident pages of the store count as well."""
        self._load(pair, "send", topic="BenchMemory", size=plans.MEMORY_SIZE,
                   rate=plans.MEMORY_RATE, connections=plans.CONNECTIONS,
                   seconds=self.plan.memory_s, warmup=0)
        resident, anonymous = machine.memory_mib(pair.pid)
        self.figures["memory.load.resident"] = resident
        self.figures["memory.load.anonymous"] = anonymous

    def _warm(self, pair, size):
        """A virtual machine compiles what it has run often. Ours gets the same, to be fair."""
        self._load(pair, "send", topic=f"Bench{size}", size=size, inflight=64,
                   connections=plans.CONNECTIONS, messages=self.plan.warm_sends)
        self._load(pair, "send", topic=f"Bench{size}", size=size, inflight=1, warmup=0,
                   seconds=self.plan.warm_s)

    def _latency(self, pair):
        for size in self.plan.latency_sizes:
            for rate in plans.RATES:
                result = self._load(pair, "send", topic=f"Bench{size}", size=size, rate=rate,
                                    connections=plans.CONNECTIONS, warmup=self.plan.warmup_s,
                                    seconds=self.plan.latency_window_s)
                self._file(f"latency.{rate}.{size}", result, "p50_us", "p99_us", "p999_us",
                           "cpu_us")

    def _closed(self, pair, in_flight):
        for size in plans.SIZES:
            result = self._send(pair, size, in_flight)
            self._file(f"send.{in_flight}.{size}", result, "rate", "cpu_us", "p50_us", "p99_us")

    def _pull(self, pair):
        for size, messages in self.plan.pull_messages.items():
            topic = f"Pull{size}"
            self._load(pair, "send", topic=topic, size=size, inflight=64,
                       connections=plans.CONNECTIONS, messages=messages)
            result = self._load(pair, "pull", topic=topic, connections=plans.CONNECTIONS,
                                seconds=self.plan.window_s, warmup=self.plan.warmup_s)
            self._file(f"pull.{size}", result, "rate", "cpu_us")

    def _send(self, pair, size, in_flight):
        # What is written must stay below the kernel's limit of dirty pages, or the figure would be
        # the disk's bandwidth.
        is_large = size == max(plans.SIZES) and in_flight > 1
        return self._load(pair, "send", topic=f"Bench{size}", size=size, inflight=in_flight,
                          connections=min(in_flight, plans.CONNECTIONS),
                          seconds=self.plan.large_window_s if is_large else self.plan.window_s,
                          warmup=min(self.plan.warmup_s, 0.3) if is_large else self.plan.warmup_s)

    def _load(self, pair, mode, **options):
        # The pages that the last load left are written now, not during this one.
        pair.settle()
        result = programs.generate(mode, pair.address, pair.pid, **options)
        self.foreign = max(self.foreign, result["foreign"])
        self.highest_anonymous = max(self.highest_anonymous, machine.memory_mib(pair.pid)[1])
        what = f"{pair.kind}, {mode}" + "".join(f" {k}={v}" for k, v in options.items())
        self.say(f"{what}: {result['rate']:,.0f}/s, {result['cpu_us']:.2f} us CPU, "
                 f"p50 {result['p50_us']:,.0f} p99 {result['p99_us']:,.0f} us")
        if "messages" not in options:
            for code, count in result["errors"].items():
                self.notes.append(f"{what}: {count} answers of code {code}")
            if result["unanswered"]:
                self.notes.append(f"{what}: {result['unanswered']} sends without an answer")
        return result

    def _file(self, key, result, *names):
        for name in names:
            self.figures[f"{key}.{name}"] = result[name]


def limits(plan, base, stages, say):
    """The same keys for the program that only copies and answers, and the machine's own figures."""
    figures = {}
    seconds, warmup = plan.limit_window_s, 0.2
    file = f"{base}/kerolox-bench-limit-{os.getpid()}"

    def measure(key, echo, names, **options):
        result = programs.generate("send", echo.address, echo.pid, seconds=seconds, warmup=warmup,
                                   **options)
        say(f"limit, {key}: {result['rate']:,.0f}/s, {result['cpu_us']:.2f} us CPU, "
            f"p50 {result['p50_us']:,.0f} p99 {result['p99_us']:,.0f} us")
        figures.update({f"{key}.{name}": result[name] for name in names})

    with programs.Echo(file) as echo:
        for size in plans.SIZES:
            for in_flight in plans.IN_FLIGHT if {"send", "sync"} & set(stages) else ():
                measure(f"send.{in_flight}.{size}", echo, ("rate", "cpu_us", "p50_us", "p99_us"),
                        size=size, inflight=in_flight,
                        connections=min(in_flight, plans.CONNECTIONS))
        for size in plan.latency_sizes if "latency" in stages else ():
            for rate in plans.RATES:
                measure(f"latency.{rate}.{size}", echo, ("p50_us", "p99_us", "p999_us", "cpu_us"),
                        size=size, rate=rate, connections=plans.CONNECTIONS)
    try:
        for size in plans.SIZES:
            figures[f"append.{size}.rate"] = programs.limit("append", file, size, seconds)["rate"]
        sync = programs.limit("fdatasync", file, plans.SYNC_SIZE, 2 * seconds)
        figures["fdatasync.p50_us"], figures["fdatasync.p99_us"] = sync["p50_us"], sync["p99_us"]
        loopback = figures.get(f"send.1.{plans.SYNC_SIZE}.p50_us")
        if loopback is not None:
            figures[f"sync.1.{plans.SYNC_SIZE}.p50_us"] = sync["p50_us"] + loopback
    finally:
        if os.path.exists(file):
            os.unlink(file)
    return figures
