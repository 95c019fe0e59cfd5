#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Proves that unmodified clients work: starts servers, runs the client programs, counts.

  run.py                          kerolox from build/, Java and Go clients
  run.py --server original        the Java original instead: checks the suite itself
  run.py --mixed                  also kerolox beside the original, each as name server and broker
  run.py --handover               also one store that changes hands at each restart of its broker
  run.py --only push --clients go --keep
"""
import argparse
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

sys.dont_write_bytecode = True
import clients
import servers

SUITE_LIMIT_S = 900
WATCH_INTERVAL_S = 0.5


class Tally:
    def __init__(self):
        self.passed, self.failed, self.skipped = 0, 0, 0

    def take(self, verdict, text):
        counter = {"PASS": "passed", "FAIL": "failed", "SKIP": "skipped"}[verdict]
        setattr(self, counter, getattr(self, counter) + 1)
        print(f"{verdict} {text}", flush=True)

    def line(self):
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


class Deployment:
    """A name server and a broker, each of either kind, and what may be done to them."""

    def __init__(self, label, namesrv_kind, broker_kind, kerolox, directory):
        self.label = label
        self.namesrv_kind = namesrv_kind
        self.broker_kind = broker_kind
        self.kerolox = kerolox
        self.directory = directory / label
        self.namesrv = self.broker = None
        self.restarting = False

    def start(self):
        where = self.directory / "namesrv"
        if self.namesrv_kind == "original":
            self.namesrv = servers.start_original_namesrv(where)
        else:
            self.namesrv = servers.start_kerolox_namesrv(where, self.kerolox)
        self.broker = self.start_broker(servers.broker_port())

    def start_broker(self, port):
        where, namesrv = self.directory / "broker", self.namesrv.address
        if self.broker_kind == "original":
            return servers.start_original_broker(where, namesrv, port)
        return servers.start_kerolox_broker(where, self.kerolox, namesrv, port)

    def restart_broker(self, how):
        """What to tell the client program that asked for it."""
        self.restarting = True
        try:
            if how == "killed":
                self.broker.kill()
            else:
                code = self.broker.stop()
                if code not in self.clean_exit_codes(self.broker):
                    return f"the broker ended with exit code {code} when asked to stop"
            self.start_broker_again()
            return "restarted"
        except servers.StartFailure as failure:
            print(failure, file=sys.stderr)
            return str(failure).splitlines()[0]
        finally:
            self.restarting = False

    def lost_server(self):
        """The server that ended though nobody asked it to."""
        for server in (self.namesrv, self.broker):
            if not self.restarting and not server.is_running():
                return server
        return None

    def start_broker_again(self):
        self.broker.start()

    def finish(self, tally):
        """Ends both; a kerolox server must end cleanly, the original's slow stop is not judged."""
        for server in (self.broker, self.namesrv):
            if server is None:
                continue
            if server.process is not None and server.process.poll() is not None:
                tally.take("FAIL", f"{self.label}: {server.name} had ended by itself with "
                                   f"{server.process.returncode}\n{server.tail()}")
            elif server.is_original:
                server.kill()
            else:
                code = server.stop()
                verdict = "PASS" if code == 0 else "FAIL"
                tally.take(verdict, f"{self.label}: {server.name} stops with exit code {code}")

    @staticmethod
    def clean_exit_codes(server):
        # A JVM ended by a signal reports it even after all its shutdown hooks ran.
        return (128 + signal.SIGTERM, 0) if server.is_original else (0,)


class Handover(Deployment):
    """Each restart gives the broker's directory and port to the other kind of broker."""

    def start_broker_again(self):
        self.broker_kind = "kerolox" if self.broker_kind == "original" else "original"
        self.broker = self.start_broker(self.broker.port)


def watch(process, deployment, done):
    """Ends a client program that takes too long, or whose servers are gone: it would only wait."""
    end = time.monotonic() + SUITE_LIMIT_S
    while not done.wait(WATCH_INTERVAL_S):
        if time.monotonic() > end or deployment.lost_server():
            process.kill()
            return


def run_suite(suite, deployment, group, only, tally):
    """Runs one client program and repeats its verdicts; answers its requests for a restart."""
    name = f"{deployment.label}: {suite.label}"
    home = deployment.directory / f"{suite.label}-home"
    home.mkdir(parents=True, exist_ok=True)
    run = f"{suite.label.replace('-', '_')}_{int(time.time() * 1000) % 10_000_000}"
    command = suite.command(deployment.namesrv.address, run, group, only, home)
    log_path = deployment.directory / f"{suite.label}.log"
    failed_before, started = tally.failed, time.monotonic()
    environment = {key: value for key, value in os.environ.items()
                   if not key.startswith(("ROCKETMQ_", "NAMESRV_"))}
    environment.update(suite.environment, HOME=str(home))
    with open(log_path, "wb") as log:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=log, env=environment, cwd=home)
        done = threading.Event()
        threading.Thread(target=watch, args=(process, deployment, done), daemon=True).start()
        try:
            for raw in process.stdout:
                log.write(raw)
                log.flush()
                word, _, rest = raw.decode(errors="replace").rstrip().partition(" ")
                if word in ("PASS", "FAIL", "SKIP"):
                    tally.take(word, f"{name}: {rest}")
                elif word == "LATER":
                    print(f"LATER {name}: {rest}", flush=True)
                elif word == "RESTART":
                    answer = deployment.restart_broker(rest)
                    process.stdin.write((answer + "\n").encode())
                    process.stdin.flush()
            code = process.wait()
        except BrokenPipeError:
            code = process.wait()
        finally:
            done.set()
            if process.poll() is None:
                process.kill()
                process.wait()
    if code != 0 and tally.failed == failed_before:
        tally.take("FAIL", f"{name}: ended with exit code {code}, see {log_path}")
    print(f"     {name} took {time.monotonic() - started:.0f} s", flush=True)


def prepare(suites, tally):
    """The suites that can run here; the others are counted as skipped or, if broken, failed."""
    ready = []
    for suite in suites:
        try:
            suite.prepare()
            ready.append(suite)
        except servers.Unavailable as reason:
            tally.take("SKIP", f"{suite.label}: {reason}")
        except clients.BuildFailure as failure:
            tally.take("FAIL", f"{suite.label}: does not compile\n{failure}")
    return ready


def run_deployment(deployment, runs, only, tally):
    """`runs` is a list of (suite, group)."""
    try:
        deployment.start()
        for suite, group in runs:
            run_suite(suite, deployment, group, only, tally)
            if deployment.lost_server():
                break
    except servers.Unavailable as reason:
        tally.take("SKIP", f"{deployment.label}: {reason}")
    except servers.StartFailure as failure:
        tally.take("FAIL", f"{deployment.label}: {failure}")
    finally:
        deployment.finish(tally)


def deployments(options, kerolox, directory):
    """Each with the group of scenarios that runs there, by label of the suite."""
    kind = options.server
    # The compact header changes frames, not semantics: the core scenarios are enough for it.
    everything = {"java": "all", "java-binary": "core", "go": "all"}
    chosen = [(Deployment(kind, kind, kind, kerolox, directory), everything)]
    if options.mixed:
        for namesrv, broker in (("original", "kerolox"), ("kerolox", "original")):
            label = f"{namesrv}-namesrv-{broker}-broker"
            mixed = Deployment(label, namesrv, broker, kerolox, directory)
            chosen.append((mixed, {"java": "core", "go": "all"}))
    if options.handover:
        for first in ("original", "kerolox"):
            handover = Handover(f"handover-from-{first}", "original", first, kerolox, directory)
            chosen.append((handover, {"java": "restart"}))
    return chosen


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", choices=("kerolox", "original"), default="kerolox")
    parser.add_argument("--kerolox", metavar="PATH", help="the binary; default: newest in build/")
    parser.add_argument("--clients", default="java,go", help="java, go or both (default)")
    parser.add_argument("--only", default="", metavar="SUBSTRING", help="scenarios to run")
    parser.add_argument("--mixed", action="store_true", help="mixed deployments as well")
    parser.add_argument("--handover", action="store_true", help="stores that change hands")
    parser.add_argument("--keep", action="store_true", help="keep logs and stores")
    options = parser.parse_args()
    unknown = set(options.clients.split(",")) - {"java", "go"}
    if unknown:
        parser.error(f"no such client: {', '.join(sorted(unknown))}")
    return options


def main():
    options = parse_arguments()
    kerolox = None
    if options.server == "kerolox" or options.mixed or options.handover:
        try:
            kerolox = servers.find_kerolox(options.kerolox)
        except FileNotFoundError as missing:
            sys.exit(str(missing))
    asked = options.clients.split(",")
    suites = ([clients.java_suite(), clients.java_binary_suite()] if "java" in asked else [])
    suites += [clients.go_suite()] if "go" in asked else []
    tally = Tally()
    directory = pathlib.Path(tempfile.mkdtemp(prefix="kerolox-compat-"))
    print(f"logs in {directory}", flush=True)
    ready = prepare(suites, tally)
    for deployment, groups in deployments(options, kerolox, directory):
        runs = [(suite, groups[suite.label]) for suite in ready if suite.label in groups]
        if runs:
            run_deployment(deployment, runs, options.only, tally)
    if options.keep or tally.failed:
        print(f"logs kept in {directory}")
    else:
        shutil.rmtree(directory, ignore_errors=True)
    nothing = tally.passed + tally.failed + tally.skipped == 0
    if nothing:
        print(f"no scenario has a name with '{options.only}'")
    print(tally.line())
    sys.exit(1 if tally.failed or nothing else 0)


if __name__ == "__main__":
    main()
