# SPDX-License-Identifier: Apache-2.0
"""TCP proxies between clients and servers that make trouble on command, while traffic runs.

A proxy has one mode at a time:
  pass        bytes go both ways
  stall       connections stay, nothing goes either way (what was sent waits and goes later)
  half-open   bytes go to the server, its answers vanish; the client sees a living connection
  black-hole  what the client sends vanishes, and so do answers
  refuse      new connections are refused, old ones are cut
and may delay every piece of bytes. `cut` breaks all connections with a reset, the mode stays.
Works in one thread with asyncio; commands may come from any thread.
"""
import asyncio
import random
import socket
import struct
import threading

PIECE = 256 * 1024
MODES = ("pass", "stall", "half-open", "black-hole", "refuse")


class Proxies:
    """All proxies of a deployment, by name."""

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        self.proxies = {}
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()

    def add(self, name, listen, target):
        proxy = Proxy(listen, target)
        self._run(proxy.open())
        self.proxies[name] = proxy

    def command(self, name, words):
        """"pass", "cut", "delay 200", "swap HOST:PORT" ... for one proxy or for `all`."""
        chosen = self.proxies.values() if name == "all" else [self.proxies[name]]
        for proxy in chosen:
            self._run(proxy.obey(words))

    def connections(self, name):
        return len(self.proxies[name].pairs)

    def close(self):
        for proxy in self.proxies.values():
            self._run(proxy.close())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()

    def _run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(10)


class Proxy:
    def __init__(self, listen, target):
        self.listen = listen
        self.target = target
        self.mode = "pass"
        self.delay_s = 0.0
        self.server = None
        self.pairs = set()
        self.moving = asyncio.Event()

    async def open(self):
        self.moving.set()
        self.server = await asyncio.start_server(self.serve, *self.listen, limit=PIECE)

    async def close(self):
        await self._unlisten()
        self.cut()

    async def obey(self, words):
        verb, *rest = words
        if verb == "cut":
            self.cut()
        elif verb == "cut-one" and self.pairs:
            random.choice(list(self.pairs)).cut()
        elif verb == "delay":
            self.delay_s = float(rest[0]) / 1000
        elif verb == "swap":
            host, port = rest[0].rsplit(":", 1)
            self.target = (host, int(port))
            self.cut()
        elif verb in MODES:
            await self.set_mode(verb)
        elif verb != "cut-one":
            raise ValueError(f"no such trouble: {verb}")

    async def set_mode(self, mode):
        self.mode = mode
        self.moving.clear() if mode == "stall" else self.moving.set()
        if mode == "refuse":
            await self._unlisten()
            self.cut()
        elif self.server is None:
            await self.open()
            self.moving.clear() if mode == "stall" else self.moving.set()
        if mode == "pass":
            # What half-open swallowed is gone: such a connection can never be right again.
            for pair in list(self.pairs):
                if pair.swallowed:
                    pair.cut()

    def cut(self):
        for pair in list(self.pairs):
            pair.cut()

    async def serve(self, reader, writer):
        try:
            upstream = await asyncio.open_connection(*self.target, limit=PIECE)
        except OSError:
            reset(writer)
            return
        pair = Pair(self, (reader, writer), upstream)
        self.pairs.add(pair)
        await pair.run()
        self.pairs.discard(pair)

    async def _unlisten(self):
        # Not wait_closed(): from Python 3.12 on it waits for the connections as well.
        if self.server is not None:
            self.server.close()
            self.server = None


class Pair:
    """One client's connection and the one made for it."""

    def __init__(self, proxy, client, upstream):
        self.proxy = proxy
        self.client_reader, self.client_writer = client
        self.server_reader, self.server_writer = upstream
        self.swallowed = False

    async def run(self):
        tasks = [asyncio.ensure_future(self.pump(self.client_reader, self.server_writer, False)),
                 asyncio.ensure_future(self.pump(self.server_reader, self.client_writer, True))]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        self.client_writer.close()
        self.server_writer.close()

    async def pump(self, reader, writer, is_answer):
        try:
            while piece := await reader.read(PIECE):
                if self.proxy.delay_s:
                    await asyncio.sleep(self.proxy.delay_s)
                await self.proxy.moving.wait()
                mode = self.proxy.mode
                if mode == "black-hole" or (mode == "half-open" and is_answer):
                    self.swallowed = True
                    continue
                writer.write(piece)
                await writer.drain()
        except OSError:
            return

    def cut(self):
        reset(self.client_writer)
        reset(self.server_writer)


def reset(writer):
    """Closes with RST, as a dying host or a firewall does."""
    connection = writer.get_extra_info("socket")
    if connection is not None and connection.fileno() >= 0:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
