# SPDX-License-Identifier: Apache-2.0
"""Starts and stops name servers and brokers: the Java original and kerolox, with one set of keys.

A started server is ready: a name server answers, a broker is registered under its address. `tls` is
the ssl.SSLContext to ask a name server with that answers nobody without.
Every server lives in its own directory and listens on the loopback only. A server whose start
fails is ended before the error is raised, so a caller only stops what it was given.
"""
import hashlib
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import threading
import time

import remoting

HERE = pathlib.Path(__file__).resolve().parent
REPOSITORY = HERE.parent.parent
CACHE = REPOSITORY / "build" / "compat"
START_DEADLINE_S = 60
STOP_DEADLINE_S = 30
TOOL_DEADLINE_S = 25
POLL_INTERVAL_S = 0.05

# C1 only and the serial collector halve the start of a JVM; a benchmark passes its own flags.
QUICK_JVM = ["-Xms256m", "-Xmx512m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]
# Java 17 hides what the original's mapped files and thread names reach into.
OPENED_MODULES = [
    "--add-opens=java.base/java.nio=ALL-UNNAMED",
    "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
    "--add-opens=java.base/java.lang=ALL-UNNAMED",
    "--add-exports=java.base/jdk.internal.ref=ALL-UNNAMED",
    "--add-opens=java.base/jdk.internal.misc=ALL-UNNAMED",
]

# Small files start fast; the longer queue wait keeps a loaded test machine from refusing sends.
BROKER_DEFAULTS = {
    "brokerClusterName": "DefaultCluster",
    "brokerName": "broker-a",
    "brokerId": 0,
    "brokerIP1": "127.0.0.1",
    "brokerIP2": "127.0.0.1",
    "bindAddress": "127.0.0.1",
    "mappedFileSizeCommitLog": 16 << 20,
    "mappedFileSizeConsumeQueue": 20 * 5000,
    "waitTimeMillsInSendQueue": 5000,
    "osPageCacheBusyTimeOutMills": 5000,
    # A nearly full disk of the build machine must not delete or refuse what a test wrote.
    "diskMaxUsedSpaceRatio": 99,
}
NAMESRV_DEFAULTS = {"bindAddress": "127.0.0.1"}


class Unavailable(Exception):
    """Something this machine lacks: reported as skipped, never as a failure."""


class StartFailure(Exception):
    """A server that did not become ready; the text ends with the tail of its log."""


class Server:
    """One server process that can be stopped and started again on the same port and data."""

    def __init__(self, name, directory, address, argv, environment, is_ready):
        self.name = name
        self.directory = pathlib.Path(directory)
        self.address = address
        self.port = int(address.rsplit(":", 1)[1])
        self.argv = argv
        self.environment = environment
        self.is_ready = is_ready
        self.process = None
        self.log = self.directory / "console.log"
        self.is_original = any(word.startswith("org.apache.rocketmq.") for word in argv)

    def start(self, deadline_s=START_DEADLINE_S):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                self.argv, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                cwd=self.directory, env=self.environment, start_new_session=True)
        end = time.monotonic() + deadline_s
        while not self._answers():
            if self.process.poll() is not None:
                code = self.process.returncode
                raise StartFailure(f"{self.name} ended with {code}\n{self.tail()}")
            if time.monotonic() > end:
                self.kill()
                raise StartFailure(f"{self.name} was not ready in {deadline_s} s\n{self.tail()}")
            pause(POLL_INTERVAL_S)
        return self

    def stop(self, deadline_s=STOP_DEADLINE_S):
        """A clean stop; returns the exit code. Falls back to kill, which shows as -9."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(deadline_s)
            except subprocess.TimeoutExpired:
                self.process.kill()
        return self.process.wait()

    def kill(self):
        """No goodbye: what a crash leaves behind."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def restart(self, killed=False):
        self.kill() if killed else self.stop()
        return self.start()

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def tail(self, lines=30):
        if not self.log.exists():
            return ""
        # The original's logger announces its own setup line by line before anything of interest.
        told = [line for line in self.log.read_text(errors="replace").splitlines()
                if "|-INFO" not in line and "|-WARN" not in line]
        return "\n".join(told[-lines:])

    def _answers(self):
        try:
            return self.is_ready()
        except (OSError, ValueError):
            return False


def pause(seconds):
    """Between two looks at a condition; there is nothing to be notified by."""
    threading.Event().wait(seconds)


def free_port(neighbours=()):
    """A loopback port that is free together with its neighbours (offsets such as -2 and +1).

    Chosen below the range of outgoing connections: a restarted server must find it free again,
    and a port that the system hands out could meanwhile belong to some client.
    """
    low, high = _ports_below_outgoing()
    for _ in range(1000):
        port = random.randint(low, high)
        if all(_is_free(port + offset) for offset in (0, *neighbours)):
            return port
    raise Unavailable("no free port on the loopback")


def broker_port():
    """A main port whose fast port (-2) and replication port (+1) are free too."""
    return free_port((-2, 1))


def start_original_namesrv(directory, port=None, config=None, jvm=None, tls=None):
    return _start_namesrv("original name server", directory, port, config,
                          lambda file: original_command("namesrv", file, directory, jvm), tls)


def start_original_broker(directory, namesrv, port=None, config=None, jvm=None, tls=None):
    return _start_broker("original broker", directory, namesrv, port, config,
                         lambda file: original_command("broker", file, directory, jvm)
                         + ["-n", namesrv], tls)


def start_kerolox_namesrv(directory, kerolox, port=None, config=None):
    return _start_namesrv("kerolox name server", directory, port, config,
                          lambda file: [str(kerolox), "namesrv", "-c", str(file)])


def start_kerolox_broker(directory, kerolox, namesrv, port=None, config=None):
    return _start_broker("kerolox broker", directory, namesrv, port, config,
                         lambda file: [str(kerolox), "broker", "-c", str(file), "-n", namesrv])


def original_command(role, config_file, directory, jvm=None):
    main = {"namesrv": "org.apache.rocketmq.namesrv.NamesrvStartup",
            "broker": "org.apache.rocketmq.broker.BrokerStartup"}[role]
    return [java(), *(QUICK_JVM if jvm is None else jvm), *OPENED_MODULES,
            f"-Duser.home={directory}", "-cp", class_path(), main, "-c", str(config_file)]


def mqadmin(words, namesrv, directory, jvm=()):
    """What the original's administration tool prints, without the reports of its logging library.

    It signs what it asks when the directory holds conf/tools.yml.
    """
    command = [java(), *QUICK_JVM, *jvm, f"-Duser.home={directory}",
               f"-Drocketmq.home.dir={directory}", "-cp", class_path(),
               "org.apache.rocketmq.tools.command.MQAdminStartup", *words, "-n", namesrv]
    try:
        told = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=TOOL_DEADLINE_S,
                              env=_environment(directory)).stdout
    except subprocess.TimeoutExpired as hung:
        # Its threads do not always end with what it does: what it said counts.
        told = hung.stdout or b""
    return "\n".join(line for line in told.decode(errors="replace").splitlines()
                     if line.strip() and " |-" not in line)


def find_kerolox(given=None):
    """The binary to test: the one given, else the newest that the build left."""
    if given:
        path = pathlib.Path(given).resolve()
        if not path.is_file():
            raise FileNotFoundError(f"no kerolox at {path}")
        return path
    built = [path for path in REPOSITORY.glob("build/*/kerolox") if path.is_file()]
    built += [path for path in REPOSITORY.glob("build/*/bin/kerolox") if path.is_file()]
    if not built:
        raise FileNotFoundError("no kerolox under build/: run `make build` or pass --kerolox PATH")
    return max(built, key=lambda path: path.stat().st_mtime)


def java():
    return _tool("java")


def class_path():
    """Jars of the original and its client, resolved once by Maven for this pom.xml."""
    pom = HERE / "java" / "pom.xml"
    digest = hashlib.sha256(pom.read_bytes()).hexdigest()[:16]
    cached = CACHE / f"classpath-{digest}.txt"
    if cached.exists():
        jars = cached.read_text().strip()
        if all(os.path.exists(jar) for jar in jars.split(":")):
            return jars
    CACHE.mkdir(parents=True, exist_ok=True)
    command = [_tool("mvn"), "-q", "-f", str(pom), "dependency:build-classpath",
               f"-Dmdep.outputFile={cached}"]
    # The local repository first: with the artifacts there, no network is needed.
    for attempt in ([*command, "-o"], command):
        run = subprocess.run(attempt, capture_output=True, text=True)
        if run.returncode == 0:
            return cached.read_text().strip()
    reason = (run.stdout + run.stderr).strip().splitlines()
    raise Unavailable("Maven cannot resolve the artifacts: " + (reason[0] if reason else "no word"))


def write_properties(path, values):
    path.write_text("".join(f"{key}={value}\n" for key, value in values.items()))
    return path


def _start_namesrv(name, directory, port, config, command, tls=None):
    directory = _make(directory)
    port = port or free_port()
    address = f"127.0.0.1:{port}"
    keys = {"listenPort": port, **NAMESRV_DEFAULTS,
            "kvConfigPath": directory / "kvConfig.json",
            "configStorePath": directory / "namesrv.properties", **(config or {})}
    file = write_properties(directory / "namesrv.conf", keys)
    server = Server(name, directory, address, command(file), _environment(directory),
                    lambda: remoting.broker_addresses(address, tls) is not None)
    return server.start()


def _start_broker(name, directory, namesrv, port, config, command, tls=None):
    directory = _make(directory)
    port = port or broker_port()
    address = f"127.0.0.1:{port}"
    store = directory / "store"
    keys = {"listenPort": port, "haListenPort": port + 1, **BROKER_DEFAULTS,
            "storePathRootDir": store, "storePathCommitLog": store / "commitlog",
            **(config or {})}
    file = write_properties(directory / "broker.conf", keys)
    first_namesrv = namesrv.split(";")[0]
    # Behind a proxy a broker is known by another address than the one it listens on.
    known_as = f"{keys['brokerIP1']}:{port}"

    def registered():
        known = remoting.broker_addresses(first_namesrv, tls)
        return remoting.is_listening(address) and known.get(keys["brokerName"]) == known_as

    return Server(name, directory, address, command(file), _environment(directory),
                  registered).start()


def _environment(directory):
    # Settings of the person at the keyboard must not reach the servers under test.
    kept = {key: value for key, value in os.environ.items()
            if not key.startswith(("ROCKETMQ_", "KEROLOX_", "NAMESRV_"))}
    return {**kept, "ROCKETMQ_HOME": str(directory)}


def _make(directory):
    directory = pathlib.Path(directory).resolve()
    directory.mkdir(parents=True, exist_ok=True)
    return directory


def _tool(name):
    path = shutil.which(name)
    if path is None:
        raise Unavailable(f"{name} is not installed")
    return path


def _ports_below_outgoing():
    try:
        first = int(open("/proc/sys/net/ipv4/ip_local_port_range").read().split()[0])
    except (OSError, ValueError):
        first = 32768
    return (10100, first - 10) if first > 12000 else (first + 10, 65000)


def _is_free(port):
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
            return True
        except OSError:
            return False
