# SPDX-License-Identifier: Apache-2.0
"""A name server and a broker of one kind: plain, behind fault proxies, or secured (security.py).

Behind proxies the servers listen on 127.0.0.1 and are known as 127.0.0.3: there, on the same
ports, stand the proxies. Nothing in the traffic is rewritten, since the broker registers the
proxy's address as its own (brokerIP1).
"""
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "compat"))
import servers

PROXY_HOST = "127.0.0.3"

# What the suite uses of the original and is off or slow by default. Kerolox knows the same keys.
BROKER_KEYS = {
    "enablePropertyFilter": "true",
    "transactionTimeOut": 1000,
    "transactionCheckInterval": 2000,
    "transactionOpBatchInterval": 100,  # else what was committed is checked again, and comes twice
    "traceTopicEnable": "true",
    "recallMessageEnable": "true",
    "autoCreateTopicEnable": "true",
    "maxMessageSize": 4 << 20,
    "deleteTopicWithBrokerRegistration": "true",
}


class Deployment:
    def __init__(self, kind, kerolox, directory, proxies=None):
        self.kind = kind
        self.kerolox = kerolox
        self.directory = pathlib.Path(directory)
        self.proxies = proxies
        self.security = None  # a Security, before start()
        self.namesrv = None
        self.brokers = {}

    @property
    def broker(self):
        return self.brokers["broker-a"]

    def start(self, brokers=("broker-a",)):
        self.directory.mkdir(parents=True, exist_ok=True)
        where = self.directory / "namesrv"
        if self.kind == "original":
            self.namesrv = servers.start_original_namesrv(where, **self._secured())
        else:
            self.namesrv = servers.start_kerolox_namesrv(where, self.kerolox)
        if self.proxies:
            self.proxies.add("namesrv", (PROXY_HOST, self.namesrv.port),
                             ("127.0.0.1", self.namesrv.port))
        for name in brokers:
            self.add_broker(name)
        return self

    def add_broker(self, name):
        port = servers.broker_port()
        keys = {**BROKER_KEYS, **(self.security.broker_keys if self.security else {}),
                "brokerName": name}
        if self.proxies:
            keys["brokerIP1"] = PROXY_HOST
            self.proxies.add(name, (PROXY_HOST, port), ("127.0.0.1", port))
        where = self.directory / name
        if self.kind == "original":
            broker = servers.start_original_broker(where, self.namesrv.address, port, keys,
                                                   **self._secured())
        else:
            broker = servers.start_kerolox_broker(where, self.kerolox, self.namesrv.address, port,
                                                  keys)
        self.brokers[name] = broker
        return broker

    def mqadmin(self, *words):
        """The original's tool, let in as the suite is."""
        home = self.security.directory if self.security else self.directory
        jvm = self.security.jvm if self.security else ()
        return servers.mqadmin(words, self.namesrv_for_clients, home, jvm)

    @property
    def namesrv_for_clients(self):
        host = PROXY_HOST if self.proxies else "127.0.0.1"
        return f"{host}:{self.namesrv.port}"

    @property
    def broker_for_clients(self):
        host = PROXY_HOST if self.proxies else "127.0.0.1"
        return f"{host}:{self.broker.port}"

    def _secured(self):
        if self.security is None:
            return {}
        return {"jvm": [*servers.QUICK_JVM, *self.security.jvm], "tls": self.security.tls}

    def server(self, name):
        return self.namesrv if name == "namesrv" else self.brokers[name]

    def finish(self):
        """Problems seen at the end: a server that ended by itself, a Kerolox that ends badly."""
        problems = []
        for server in (*self.brokers.values(), self.namesrv):
            if server is None:
                continue
            if server.process is not None and server.process.poll() is not None:
                problems.append(f"{server.name} had ended by itself with "
                                f"{server.process.returncode}\n{server.tail()}")
            elif server.is_original:
                server.kill()
            elif (code := server.stop()) != 0:
                problems.append(f"{server.name} ended with exit code {code}\n{server.tail()}")
        return problems
