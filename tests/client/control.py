# SPDX-License-Identifier: Apache-2.0
"""The line server by which programs under test have things done to their servers.

  proxy NAME TROUBLE...      see proxy.py; NAME is namesrv, a broker's name or all
  restart NAME [killed]      stops and starts a server on the same data and port
  stop NAME | kill NAME | start NAME
  lookup GROUP ADDRESSES     what the web server for name servers answers from now on
  mqadmin WORD...            what the original's tool prints, its lines joined by " | "
"""
import socketserver
import threading
import traceback


class Control:
    def __init__(self, deployment):
        self.deployment = deployment
        self.address_server = None
        outer = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                line = self.rfile.readline().decode().strip()
                try:
                    answer = outer.obey(line.split())
                except Exception as problem:
                    traceback.print_exc()
                    answer = f"{type(problem).__name__}: {problem}".splitlines()[0]
                self.wfile.write((answer + "\n").encode())

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            allow_reuse_address = True

        self.server = Server(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def obey(self, words):
        verb, *rest = words
        if verb == "proxy":
            self.deployment.proxies.command(rest[0], rest[1:])
            return "ok"
        if verb == "connections":
            return f"ok {self.deployment.proxies.connections(rest[0])}"
        if verb == "lookup":
            self.address_server.tell(*rest)
            return "ok"
        if verb == "mqadmin":
            told = self.deployment.mqadmin(*rest)
            return "ok " + " | ".join(" ".join(line.split()) for line in told.splitlines())
        server = self.deployment.server(rest[0])
        if verb == "restart":
            server.restart(killed=rest[1:] == ["killed"])
        elif verb == "start":
            server.start()
        elif verb == "stop":
            server.stop()
        elif verb == "kill":
            server.kill()
        else:
            return f"no such command: {verb}"
        return "ok"
