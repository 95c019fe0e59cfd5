# SPDX-License-Identifier: Apache-2.0
"""How long and how often: everything that differs between a quick look and a full run."""
import dataclasses

STAGES = ("memory", "latency", "send", "pull", "sync")
SIZES = (128, 1024, 16384)
RATES = (8000, 20000)
IN_FLIGHT = (1, 256)
SYNC_IN_FLIGHT = (1, 16, 256)
SYNC_SIZE = 1024
MEMORY_RATE = 8000
MEMORY_SIZE = 1024
# Several connections, as a few client programs would have; one is enough for one at a time.
CONNECTIONS = 4


@dataclasses.dataclass(frozen=True)
class Plan:
    turns: str                 # A is the original, B is Kerolox
    sync_turns: str
    latency_sizes: tuple       # sizes measured in the open loop
    window_s: float            # closed loops and pulls
    large_window_s: float      # 256 in flight of the largest size, see stages.py
    latency_window_s: float
    warmup_s: float            # before each window, with the same load
    memory_s: float
    rest_s: float
    warm_sends: int            # before anything is measured, with 64 in flight
    warm_s: float              # then one at a time
    pull_messages: dict        # the topic that is pulled, by message size
    limit_window_s: float
    disk_gib: int              # free space that the stores of one turn may need


QUICK = Plan(turns="AB", sync_turns="AB", latency_sizes=(128,), window_s=1.0,
             large_window_s=0.5, latency_window_s=2.0, warmup_s=0.3, memory_s=2.0, rest_s=3.0,
             warm_sends=60_000, warm_s=1.0,
             pull_messages={128: 40_000, 1024: 20_000, 16384: 4_000}, limit_window_s=0.5,
             disk_gib=12)

FULL = Plan(turns="ABBA", sync_turns="ABBA", latency_sizes=SIZES, window_s=4.0,
            large_window_s=1.0, latency_window_s=5.0, warmup_s=1.0, memory_s=8.0, rest_s=3.0,
            warm_sends=200_000, warm_s=3.0,
            pull_messages={128: 200_000, 1024: 100_000, 16384: 20_000}, limit_window_s=1.5,
            disk_gib=30)
