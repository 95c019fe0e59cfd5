#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Apache RocketMQ 5.4.0 and Kerolox by turns under the same load, and one table of ratios.

  bench/run.py --quick                      a look, about two minutes
  bench/run.py --json build/bench/run.json  the full run, about twelve minutes
  bench/run.py --only send --only pull      some stages only
"""
import argparse
import datetime
import json
import pathlib
import shutil
import signal
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from harness import machine, nodes, plan as plans, programs, stages, table  # noqa: E402

# A core that is this busy with other things spoils every figure.
QUIET_CORES = 0.15


def main():
    options = parse()
    # A stopped run must end its servers and delete their stores: unwind instead of dying.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    plan = plans.QUICK if options.quick else plans.FULL
    kinds = {"both": (nodes.ORIGINAL, nodes.KEROLOX)}.get(options.server, (options.server,))
    if nodes.KEROLOX in kinds and not options.kerolox.is_file():
        sys.exit(f"run.py: no {options.kerolox}: run `make build`, or pass --kerolox or "
                 "--server original")
    try:
        programs.build()
        run(options, plan, kinds)
    except (programs.LoadFailure, nodes.servers.Unavailable, nodes.servers.StartFailure) as error:
        sys.exit(f"run.py: {error}")


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="short windows, one turn each")
    parser.add_argument("--server", choices=[nodes.ORIGINAL, nodes.KEROLOX, "both"],
                        default="both")
    parser.add_argument("--only", choices=plans.STAGES, action="append",
                        help="measure this stage only (may be repeated)")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE",
                        help="write the figures of every turn")
    parser.add_argument("--kerolox", type=pathlib.Path, metavar="PATH",
                        default=nodes.default_kerolox())
    parser.add_argument("--dir", default=tempfile.gettempdir(),
                        help="where the stores live meanwhile: a directory on a real disk")
    return parser.parse_args()


def run(options, plan, kinds):
    chosen = options.only or plans.STAGES
    begin = time.monotonic()

    def say(line):
        print(f"[{time.monotonic() - begin:5.0f} s] {line}", file=sys.stderr, flush=True)

    free_gib = shutil.disk_usage(options.dir).free >> 30
    if free_gib < plan.disk_gib:
        sys.exit(f"run.py: {free_gib} GiB free in {options.dir}, {plan.disk_gib} may be needed: "
                 "choose another --dir")
    foreign = machine.foreign_cores(1.0)
    limits = stages.limits(plan, options.dir, chosen, say)
    turns = {nodes.ORIGINAL: [], nodes.KEROLOX: []}
    sessions = []

    def take(kind, session):
        turns[kind].append(session.figures)
        sessions.append(session)

    if set(chosen) - {"sync"}:
        for kind in order(plan.turns, kinds):
            take(kind, stages.Session(plan, say).run(kind, options.dir, options.kerolox, chosen))
    if "sync" in chosen:
        for kind in order(plan.sync_turns, kinds):
            take(kind, stages.Session(plan, say).run_sync(kind, options.dir, options.kerolox))

    figures = table.Figures(turns[nodes.ORIGINAL], turns[nodes.KEROLOX], limits)
    highest = max([foreign, *(session.foreign for session in sessions)])
    notes = [note for session in sessions for note in session.notes]
    print(heading(plan, foreign, highest, time.monotonic() - begin))
    print(table.render(figures))
    for note in notes:
        print(f"\n{note}")
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(
            {"machine": machine.description(), "foreign_cores_before": foreign,
             "foreign_cores_highest": highest, "turns": turns, "limits": limits, "notes": notes},
            indent=1) + "\n")


def order(turns, kinds):
    names = {"A": nodes.ORIGINAL, "B": nodes.KEROLOX}
    return [names[letter] for letter in turns if names[letter] in kinds]


def heading(plan, foreign, highest, seconds):
    lines = [f"{machine.description()}, {datetime.date.today()}; turns {plan.turns}, "
             f"{seconds:.0f} s in all.",
             f"Cores busy with other work: {foreign:.2f} before, {highest:.2f} at most meanwhile."]
    if max(foreign, highest) > QUIET_CORES:
        lines.append("The machine was NOT quiet: do not quote these figures.")
    lines.append("`~`: the turns of this server differ by more than a quarter.")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
