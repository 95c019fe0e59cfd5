# SPDX-License-Identifier: Apache-2.0
"""The one table. Every row knows which direction is better, so that a ratio above 1 always means
that Kerolox is ahead, and what was aimed at."""
import dataclasses

from . import nodes, plan as plans

# Two turns of one server further apart than this are marked: look before you believe.
WIDE = 0.25


@dataclasses.dataclass(frozen=True)
class Row:
    label: str
    key: str
    digits: int = 1
    more_is_better: bool = False
    aim: object = None         # a function of Figures that gives the bound, or None


class Figures:
    """The figures of all turns: lists by server and key, and the limits."""

    def __init__(self, original, kerolox, limits):
        self.turns = {nodes.ORIGINAL: original, nodes.KEROLOX: kerolox}
        self.limits = limits

    def of(self, server, key):
        """The mean over the turns, or None."""
        values = [turn[key] for turn in self.turns[server] if key in turn]
        return sum(values) / len(values) if values else None

    def is_wide(self, server, key):
        values = [turn[key] for turn in self.turns[server] if key in turn]
        return len(values) > 1 and max(values) > (1 + WIDE) * max(min(values), 1e-9)


def _times(factor, key):
    def bound(figures):
        original = figures.of(nodes.ORIGINAL, key)
        return None if original is None else factor * original
    return bound


def _above_limit(key, by):
    def bound(figures):
        return figures.limits[key] + by if key in figures.limits else None
    return bound


def _one_sync(figures):
    sync = figures.limits.get("fdatasync.p50_us")
    loopback = figures.limits.get(f"send.1.{plans.SYNC_SIZE}.p50_us")
    return None if sync is None or loopback is None else 1.3 * sync + loopback


def _size(size):
    return f"{size} B" if size < 1024 else f"{size >> 10} KiB"


def rows():
    yield Row("start: time to ready, ms", "ready.ms", 0, aim=lambda _: 300)
    yield Row("resident at rest, MiB", "memory.rest.resident", 0, aim=lambda _: 60)
    yield Row("- of it anonymous", "memory.rest.anonymous", 0)
    load = f"{plans.MEMORY_RATE:,}/s of {_size(plans.MEMORY_SIZE)}"
    yield Row(f"resident under {load}, MiB", "memory.load.resident", 0)
    yield Row("- of it anonymous", "memory.load.anonymous", 0)
    yield Row("anonymous, highest of all loads, MiB", "memory.highest.anonymous", 0)
    for size in plans.SIZES:
        for in_flight in plans.IN_FLIGHT:
            key, what = f"send.{in_flight}.{size}", f"send {_size(size)}, {in_flight} in flight"
            yield Row(f"{what}: messages/s", f"{key}.rate", 0, True)
            yield Row(f"{what}: CPU per message, us", f"{key}.cpu_us", 2,
                      aim=(lambda _: 3) if (size, in_flight) == (128, 256) else None)
            if in_flight == 1:
                yield Row(f"{what}: p50, us", f"{key}.p50_us", aim=_above_limit(
                    f"{key}.p50_us", 20) if size == 128 else None)
    for size in plans.SIZES:
        for rate in plans.RATES:
            key, what = f"latency.{rate}.{size}", f"send {_size(size)} at {rate:,}/s"
            yield Row(f"{what}: p50, us", f"{key}.p50_us", 0)
            yield Row(f"{what}: p99, us", f"{key}.p99_us", 0,
                      aim=_times(1 / 8, f"{key}.p99_us") if rate == 8000 else None)
            yield Row(f"{what}: p99.9, us", f"{key}.p999_us", 0)
    for size in plans.SIZES:
        yield Row(f"pull {_size(size)}: messages/s", f"pull.{size}.rate", 0, True)
        yield Row(f"pull {_size(size)}: CPU per message, us", f"pull.{size}.cpu_us", 2,
                  aim=(lambda _: 0.8) if size == 128 else None)
    for in_flight in plans.SYNC_IN_FLIGHT:
        key = f"sync.{in_flight}.{plans.SYNC_SIZE}"
        what = f"SYNC_FLUSH {_size(plans.SYNC_SIZE)}, {in_flight} in flight"
        yield Row(f"{what}: messages/s", f"{key}.rate", 0, True,
                  aim=_times(5, f"{key}.rate") if in_flight == 256 else None)
        yield Row(f"{what}: p50, us", f"{key}.p50_us", 0,
                  aim=_one_sync if in_flight == 1 else None)
        yield Row(f"{what}: CPU per message, us", f"{key}.cpu_us", 2)
    for size in plans.SIZES:
        yield Row(f"mapped append {_size(size)}: records/s", f"append.{size}.rate", 0, True)
    yield Row(f"fdatasync of {_size(plans.SYNC_SIZE)}: p50, us", "fdatasync.p50_us", 0)
    yield Row(f"fdatasync of {_size(plans.SYNC_SIZE)}: p99, us", "fdatasync.p99_us", 0)


def render(figures):
    """Markdown; rows that nobody measured are left out."""
    lines = ["| | original | Kerolox | times better | limit | aim |",
             "| --- | ---: | ---: | ---: | ---: | ---: |"]
    for row in rows():
        original = figures.of(nodes.ORIGINAL, row.key)
        kerolox = figures.of(nodes.KEROLOX, row.key)
        limit = figures.limits.get(row.key)
        if original is None and kerolox is None and limit is None:
            continue
        lines.append(f"| {row.label} | {_cell(figures, nodes.ORIGINAL, row)} "
                     f"| {_cell(figures, nodes.KEROLOX, row)} | {_ratio(row, original, kerolox)} "
                     f"| {_number(limit, row.digits)} | {_aim(row, figures, kerolox)} |")
    return "\n".join(lines)


def _cell(figures, server, row):
    mark = " ~" if figures.is_wide(server, row.key) else ""
    return _number(figures.of(server, row.key), row.digits) + mark


def _number(value, digits):
    return "" if value is None else f"{value:,.{digits}f}"


def _ratio(row, original, kerolox):
    if not original or not kerolox:
        return ""
    return f"{kerolox / original if row.more_is_better else original / kerolox:.1f}"


def _aim(row, figures, kerolox):
    bound = row.aim(figures) if row.aim else None
    if bound is None:
        return ""
    text = f"{'>=' if row.more_is_better else '<='} {_number(bound, row.digits)}"
    if kerolox is None:
        return text
    is_met = kerolox >= bound if row.more_is_better else kerolox <= bound
    return f"{text} {'met' if is_met else 'MISSED'}"
