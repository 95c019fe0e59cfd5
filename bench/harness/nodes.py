# SPDX-License-Identifier: Apache-2.0
"""A name server and a broker of one kind, started from nothing and taken away without a trace."""
import os
import pathlib
import shutil
import sys
import tempfile
import time

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(REPOSITORY / "tests" / "compat"))
import remoting  # noqa: E402
import servers  # noqa: E402

ORIGINAL = "original"
KEROLOX = "kerolox"
GET_MAX_OFFSET = 30
# Present on every broker that creates topics by itself, and registered like any other.
TEMPLATE_TOPIC = "TBW102"
# A start of 300 ms is measured with this step.
READY_STEP_S = 0.002

# The flags of the original's own start scripts with a heap for a small machine. AlwaysPreTouch is
# left out: it would make the whole heap resident before the first message.
BROKER_JVM = ["-server", "-Xms1g", "-Xmx1g", "-XX:+UseG1GC", "-XX:G1HeapRegionSize=16m",
              "-XX:G1ReservePercent=25", "-XX:InitiatingHeapOccupancyPercent=30",
              "-XX:SoftRefLRUPolicyMSPerMB=0", "-XX:-OmitStackTraceInFastThrow",
              "-XX:MaxDirectMemorySize=2g", "-XX:-UseLargePages"]
NAMESRV_JVM = ["-server", "-Xms256m", "-Xmx256m", "-XX:+UseSerialGC"]

# All else has its default, the size of a commit log segment (1 GiB) as well.
BROKER_KEYS = {"brokerClusterName": "DefaultCluster", "brokerName": "broker-a", "brokerId": 0,
               "brokerIP1": "127.0.0.1", "brokerIP2": "127.0.0.1", "bindAddress": "127.0.0.1",
               # How full this machine's disk is belongs to nobody's figures.
               "diskMaxUsedSpaceRatio": 95}


class Pair:
    """A running name server and broker; a context manager. `ready_ms` is the broker's start."""

    def __init__(self, kind, base, kerolox=None, keys=None):
        self.kind = kind
        self.kerolox = kerolox
        self.keys = keys or {}
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="kerolox-bench-", dir=base))
        self.started = []

    def __enter__(self):
        servers.POLL_INTERVAL_S = READY_STEP_S
        try:
            namesrv = self._namesrv()
            self._start(namesrv)
            self.namesrv = namesrv.address
            broker = self._broker(namesrv.address)
            begin = time.monotonic()
            self._start(broker)
            self.ready_ms = 1000 * (time.monotonic() - begin)
        except BaseException:
            self.__exit__()
            raise
        self.address, self.pid = broker.address, broker.process.pid
        return self

    def __exit__(self, *_):
        # Nothing that they could write at the end is of use.
        for server in reversed(self.started):
            server.kill()
        shutil.rmtree(self.directory, ignore_errors=True)

    def settle(self):
        """Returns when the disk has all that the broker wrote up to now."""
        for path in self.directory.rglob("store/**/*"):
            if path.is_file():
                with open(path, "rb") as file:
                    os.fsync(file.fileno())

    def _start(self, server):
        self.started.append(server)
        server.start()

    def _namesrv(self):
        directory, port = self._room("namesrv"), servers.free_port()
        address = f"127.0.0.1:{port}"
        file = servers.write_properties(directory / "namesrv.conf", {
            "listenPort": port, "bindAddress": "127.0.0.1",
            "kvConfigPath": directory / "kvConfig.json",
            "configStorePath": directory / "namesrv.properties"})
        argv = self._command("namesrv", file, directory, NAMESRV_JVM)
        return servers.Server(f"{self.kind} name server", directory, address, argv,
                              _environment(directory),
                              lambda: remoting.broker_addresses(address) is not None)

    def _broker(self, namesrv):
        directory, port = self._room("broker"), servers.broker_port()
        address = f"127.0.0.1:{port}"
        store = directory / "store"
        file = servers.write_properties(directory / "broker.conf", {
            "listenPort": port, "haListenPort": port + 1, **BROKER_KEYS,
            "storePathRootDir": store, "storePathCommitLog": store / "commitlog", **self.keys})
        argv = [*self._command("broker", file, directory, BROKER_JVM), "-n", namesrv]

        def serves_and_is_known():
            remoting.ask(address, GET_MAX_OFFSET, {"topic": TEMPLATE_TOPIC, "queueId": "0"})
            code, _, _ = remoting.ask(namesrv, remoting.GET_ROUTE_INFO, {"topic": TEMPLATE_TOPIC})
            return code == remoting.SUCCESS

        return servers.Server(f"{self.kind} broker", directory, address, argv,
                              _environment(directory), serves_and_is_known)

    def _command(self, role, file, directory, jvm):
        if self.kind == ORIGINAL:
            return servers.original_command(role, file, directory, jvm)
        return [str(self.kerolox), role, "-c", str(file)]

    def _room(self, name):
        directory = self.directory / name
        directory.mkdir()
        return directory


def default_kerolox():
    """Only the release build is worth measuring."""
    return REPOSITORY / "build" / "release" / "kerolox"


def _environment(directory):
    kept = {key: value for key, value in os.environ.items()
            if not key.startswith(("ROCKETMQ_", "KEROLOX_", "NAMESRV_"))}
    return {**kept, "ROCKETMQ_HOME": str(directory)}
