# SPDX-License-Identifier: Apache-2.0
"""The web server that tells clients their name servers: one list a path, set by the cases."""
import http.server
import threading


class AddressServer:
    def __init__(self):
        lists = self.lists = {}

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                found = lists.get(self.path)
                body = f"{found}\n".encode() if found else b"no such group\n"
                self.send_response(200 if found else 404)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def tell(self, group, addresses):
        self.lists[f"/rocketmq/{group}"] = addresses

    def close(self):
        self.server.shutdown()
        self.server.server_close()
