#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Shows the client library against real servers: the same cases against Kerolox and the original.

  run.py                            every part but soak, both servers
  run.py --parts cases --server original --only 'Send.*'
  run.py --parts soak --soak 300    random faults for so many seconds, every message accounted for
  run.py --suite build/asan/tests/client/kerolox_client_suite

Each case is a process of its own: one that crashes or hangs costs itself alone. What Kerolox does
not serve yet is told as LATER; the cases find that out themselves (suite/features.cc).
"""
import argparse
import collections
import os
import pathlib
import queue
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time

sys.dont_write_bytecode = True
from address_server import AddressServer
from control import Control
from deployment import Deployment, HERE, servers
from peers import JavaPeer
from proxy import Proxies
from security import Security

REPOSITORY = HERE.parent.parent
CASE_LIMIT_S = 150
SOAK_TAIL_S = 240
FAULTY = "Fault"
INTEROP = "Java"
SECURE = "Secure"
# Ordinary cases that the secured servers see as well: together they make every kind of request,
# over TLS and signed.
SIGNED = ":".join((
    "Administration.*", "Ask.*", "Batch.IsStoredTogether", "Body.FourMebibytesAreTheLimit",
    "Delay.RecalledTimerNeverComes", "Group.BrokerAssignsAndPops", "InTransaction.*",
    "LitePull.CommitByHand", "Ordered.QueuesAreLockedAndHandedOver", "Pop.*",
    "Pull.OffsetsByEndAndTime", "Pull.OffsetsAreKeptByTheBroker", "Push.SqlChooses",
    "Push.BroadcastingGivesEachMemberEverything", "Retry.LaterComesAgainWithItsCount",
    "Send.OnewayArrives", "View.VipChannelSends-*.IsRefusedWhere*"))


class Tally:
    def __init__(self):
        self.counts = collections.Counter()
        self.lock = threading.Lock()
        self.later = {}

    def take(self, verdict, text):
        with self.lock:
            self.counts[verdict] += 1
            print(f"{verdict} {text}", flush=True)

    def line(self):
        words = {"PASS": "passed", "FAIL": "failed", "SKIP": "skipped", "LATER": "later"}
        return ", ".join(f"{self.counts[verdict]} {word}" for verdict, word in words.items())


def cases_of(suite, pattern):
    listed = subprocess.run([suite, "--gtest_list_tests", f"--gtest_filter={pattern}"],
                            capture_output=True, text=True, check=True).stdout
    cases, group = [], ""
    for line in listed.splitlines():
        word = line.split("#")[0].strip()
        if line and not line.startswith(" ") and word.endswith("."):
            group = word
        elif line.startswith("  "):
            cases.append(group + word)
    return cases


def judge(output, code):
    """(verdict, reason) of one case from what it printed."""
    later = re.search(r"LATER: (.*)", output)
    if later and code == 0:
        return "LATER", later.group(1)
    if code == 0 and "[  PASSED  ] 1 test" in output:
        return "PASS", ""
    if code == 0 and "[  SKIPPED ]" in output:
        reason = re.search(r"Skipped\n(.*)", output)
        return "SKIP", reason.group(1) if reason else ""
    failure = re.search(r": Failure\n((?:.+\n){1,6})", output)
    if failure:
        return "FAIL", " ".join(failure.group(1).split())[:400]
    for mark in (r"WARNING: ThreadSanitizer.*", r"ERROR: AddressSanitizer.*",
                 r"ERROR: LeakSanitizer.*", r".*runtime error.*", r"C\+\+ exception.*"):
        if found := re.search(mark, output):
            return "FAIL", found.group(0)[:400]
    return "FAIL", f"ended with {code}"


def run_case(suite, case, environment, log):
    started = time.monotonic()
    process = subprocess.Popen([suite, f"--gtest_filter={case}", "--gtest_color=no"],
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, env=environment)
    try:
        output = process.communicate(timeout=CASE_LIMIT_S)[0].decode(errors="replace")
        verdict, reason = judge(output, process.returncode)
    except subprocess.TimeoutExpired:
        process.kill()
        output = process.communicate()[0].decode(errors="replace")
        verdict, reason = "FAIL", f"not done in {CASE_LIMIT_S} s"
    log.write_text(output)
    return verdict, reason, time.monotonic() - started


def environment_for(deployment, control):
    environment = {key: value for key, value in os.environ.items()
                   if not key.startswith(("ROCKETMQ_", "NAMESRV_", "KX_SUITE_"))}
    environment.update({
        "KX_SUITE_NAMESRV": deployment.namesrv_for_clients,
        "KX_SUITE_BROKER": deployment.broker_for_clients,
        "KX_SUITE_SERVER": deployment.kind,
        "KX_SUITE_CONTROL": control.address,
        "KX_SUITE_RUN": str(int(time.time() * 1000) % 10_000_000),
        "HOME": str(deployment.directory),
    })
    if deployment.security:
        environment.update(deployment.security.environment())
    return environment


def run_cases(options, deployment, cases, workers, control, tally, label, more=None):
    """Each case once, a few at a time."""
    todo = queue.Queue()
    for case in cases:
        todo.put(case)
    environment = {**environment_for(deployment, control), **(more or {})}

    def work():
        while True:
            try:
                case = todo.get_nowait()
            except queue.Empty:
                return
            log = deployment.directory / f"{case}.log"
            verdict, reason, took = run_case(options.suite, case, environment, log)
            tail = f": {reason}" if reason else ""
            tally.take(verdict, f"{label}: {case} ({took:.1f} s){tail}")

    threads = [threading.Thread(target=work) for _ in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def with_servers(options, kind, name, proxied, brokers, tally, body, secured=False):
    """Runs body(deployment, control) between a start and a judged end of the servers."""
    label = f"{name}-{kind}"
    started = time.monotonic()
    proxies = Proxies() if proxied else None
    directory = options.directory / label
    deployment = Deployment(kind, options.kerolox, directory, proxies)
    control = None
    try:
        if secured:
            deployment.security = Security(directory / "security")
        deployment.start(brokers)
        control = Control(deployment)
        body(deployment, control, label)
    except servers.Unavailable as reason:
        tally.take("SKIP", f"{label}: {reason}")
    except servers.StartFailure as failure:
        tally.take("FAIL", f"{label}: {failure}")
    finally:
        if control:
            control.close()
        for problem in deployment.finish():
            tally.take("FAIL", f"{label}: {problem}")
        if proxies:
            proxies.close()
    print(f"     {label} took {time.monotonic() - started:.0f} s", flush=True)


def part_cases(options, kind, tally):
    cases = [case for case in cases_of(options.suite, options.only)
             if not case.startswith((FAULTY, INTEROP, SECURE))]
    if cases:
        with_servers(options, kind, "cases", False, ("broker-a",), tally,
                     lambda deployment, control, label: run_cases(
                         options, deployment, cases, options.workers, control, tally, label))


def part_faults(options, kind, tally):
    """One at a time: what is done to the servers is done to everybody."""
    cases = [case for case in cases_of(options.suite, options.only) if case.startswith(FAULTY)]
    if cases:
        with_servers(options, kind, "faults", True, ("broker-a", "broker-b"), tally,
                     lambda deployment, control, label: run_cases(
                         options, deployment, cases, 1, control, tally, label))


def part_java(options, kind, tally):
    """The same library beside the Java client: each reads what the other wrote."""
    cases = [case for case in cases_of(options.suite, options.only) if case.startswith(INTEROP)]

    def together(deployment, control, label):
        peer = JavaPeer(deployment.namesrv_for_clients, deployment.directory / "java")
        try:
            run_cases(options, deployment, cases, options.workers, control, tally, label,
                      {"KX_SUITE_JAVA": peer.address, "KX_SUITE_OFFSETS": str(peer.offsets)})
        finally:
            peer.close()

    if cases:
        # Machine-room strategies go by names of brokers that begin with a room.
        with_servers(options, kind, "java", False, ("broker-a", "room1@broker"), tally, together)


def part_secure(options, kind, tally):
    """TLS and access control where the server has them, name servers from the web, traces."""
    secured = kind == "original"
    here = set(cases_of(options.suite, f"{SECURE}.*:{SIGNED}" if secured else f"{SECURE}.*"))
    cases = [case for case in cases_of(options.suite, options.only) if case in here]

    def proven(deployment, control, label):
        if deployment.security:
            deployment.security.add_reader(deployment)
        control.address_server = AddressServer()
        try:
            run_cases(options, deployment, cases, options.workers, control, tally, label,
                      {"KX_SUITE_LOOKUP": control.address_server.address})
        finally:
            control.address_server.close()

    if cases:
        with_servers(options, kind, "secure", False, ("broker-a",), tally, proven, secured)


def part_soak(options, kind, tally):
    """Every message accounted for after so many seconds of random faults."""
    program = options.suite.with_name("kerolox_client_soak")

    def soak(deployment, control, label):
        log = deployment.directory / "soak.log"
        command = [program, str(options.soak), *([str(options.seed)] if options.seed else [])]
        environment = environment_for(deployment, control)
        try:
            run = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL,
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                 timeout=options.soak * 1.5 + SOAK_TAIL_S)
            output, code = run.stdout.decode(errors="replace"), run.returncode
        except subprocess.TimeoutExpired as late:
            output, code = (late.stdout or b"").decode(errors="replace"), "a hang"
        log.write_text(output)
        print("".join(f"{line}\n" for line in output.splitlines() if line.startswith("  ")), end="")
        verdicts = [line.partition(" ") for line in output.splitlines()
                    if line.startswith(("PASS ", "FAIL "))]
        for verdict, _, text in verdicts:
            tally.take(verdict, f"{label}: {text}")
        if code != 0 and not any(verdict == "FAIL" for verdict, _, _ in verdicts):
            tally.take("FAIL", f"{label}: ended with {code}, see {log}")

    if options.soak:
        with_servers(options, kind, "soak", True, ("broker-a", "broker-b"), tally, soak)


PARTS = {"cases": part_cases, "faults": part_faults, "java": part_java, "secure": part_secure,
         "soak": part_soak}


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", choices=("kerolox", "original", "both"), default="both")
    parser.add_argument("--kerolox", metavar="PATH", help="the binary; default: newest in build/")
    parser.add_argument("--suite", metavar="PATH",
                        default="build/dev/tests/client/kerolox_client_suite")
    parser.add_argument("--parts", default="cases,faults,java,secure",
                        help=f"of {', '.join(PARTS)}")
    parser.add_argument("--only", default="*", metavar="PATTERN", help="cases, as gtest has it")
    parser.add_argument("--workers", type=int, default=4, help="cases at a time")
    parser.add_argument("--soak", type=int, default=0, metavar="SECONDS", help="of --parts soak")
    parser.add_argument("--seed", type=int, help="of the soak's faults; default: another each time")
    parser.add_argument("--keep", action="store_true", help="keep logs and stores")
    options = parser.parse_args()
    if unknown := set(options.parts.split(",")) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    return options


def main():
    options = parse_arguments()
    kinds = ("kerolox", "original") if options.server == "both" else (options.server,)
    options.suite = pathlib.Path(options.suite).resolve()
    needs_suite = options.parts != "soak"
    if needs_suite and not options.suite.is_file():
        sys.exit(f"no suite at {options.suite}: build kerolox_client_suite or pass --suite PATH")
    try:
        options.kerolox = servers.find_kerolox(options.kerolox) if "kerolox" in kinds else None
    except FileNotFoundError as missing:
        sys.exit(str(missing))
    options.directory = pathlib.Path(tempfile.mkdtemp(prefix="kerolox-client-"))
    print(f"logs in {options.directory}", flush=True)
    tally = Tally()
    for kind in kinds:
        for part in options.parts.split(","):
            PARTS[part](options, kind, tally)
    if options.keep or tally.counts["FAIL"]:
        print(f"logs kept in {options.directory}")
    else:
        shutil.rmtree(options.directory, ignore_errors=True)
    print(tally.line())
    sys.exit(1 if tally.counts["FAIL"] or not tally.counts["PASS"] else 0)


if __name__ == "__main__":
    main()
