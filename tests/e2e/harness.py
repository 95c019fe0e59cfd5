# SPDX-License-Identifier: Apache-2.0
"""Starts and ends the real binary for the end-to-end tests; every wait is a condition with a deadline."""
import contextlib
import json
import os
import pathlib
import select
import shutil
import signal
import subprocess
import tempfile
import time

POLL_S = 0.005


class Failure(Exception):
    """A test's expectation that does not hold."""


def expect(condition, text):
    if not condition:
        raise Failure(text)


def wait_until(condition, seconds, what):
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise Failure(f"not within {seconds} s: {what}")
        select.select([], [], [], POLL_S)


@contextlib.contextmanager
def directory():
    path = pathlib.Path(tempfile.mkdtemp(prefix="kerolox-e2e-"))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def environment(**more):
    kept = {k: v for k, v in os.environ.items()
            if k not in ("NAMESRV_ADDR", "ROCKETMQ_HOME") and not k.startswith("KEROLOX_")}
    kept.update(more)
    return kept


class Dev:
    """`kerolox dev` on ports of the system's choice, with small files."""

    SETTINGS = ("namesrvPort=0", "listenPort=0", "httpPort=0", "brokerIP1=127.0.0.1",
                "mappedFileSizeCommitLog=16777216", "mappedFileSizeConsumeQueue=120000")

    def __init__(self, kerolox, data, settings=()):
        self.kerolox, self.data, self.settings = kerolox, pathlib.Path(data), tuple(settings)
        self.process = None

    def start(self, seconds=20):
        endpoints = self.data / "endpoints.json"
        endpoints.unlink(missing_ok=True)
        command = [self.kerolox, "dev", "--data", str(self.data), "--bind", "127.0.0.1"]
        for setting in self.SETTINGS + self.settings:
            command += ["--set", setting]
        self.data.mkdir(parents=True, exist_ok=True)
        self.log = open(self.data / "log.txt", "ab")
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log,
                                        env=environment())
        wait_until(lambda: self.process.poll() is not None or endpoints.exists(), seconds,
                   "endpoints.json")
        if self.process.poll() is not None:
            raise Failure(f"the server ended with {self.process.returncode}: {self.tail()}")
        table = json.loads(endpoints.read_text())
        self.namesrv, self.broker, self.http = (table[k] for k in ("namesrv", "broker", "http"))
        return self

    def tail(self):
        return (self.data / "log.txt").read_text(errors="replace")[-1500:]

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.log.close()

    def stop(self, seconds=20):
        """Exit code after TERM."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Failure(f"no exit within {seconds} s of TERM: {self.tail()}") from None
        finally:
            self.log.close()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        if self.process and self.process.poll() is None:
            self.stop()


def run(kerolox, *arguments, stdin=None, seconds=30, **env):
    """A finished command: .returncode, .stdout, .stderr as text."""
    return subprocess.run([kerolox, *map(str, arguments)], input=stdin, encoding="utf-8", timeout=seconds,
                          capture_output=True, env=environment(**env), check=False)
