# SPDX-License-Identifier: Apache-2.0
"""The few remoting requests that tell whether a server is ready: one connection per question."""
import json
import re
import socket
import struct

GET_ROUTE_INFO = 105
GET_BROKER_CLUSTER_INFO = 106
SUCCESS = 0

# fastjson writes integer keys bare ({0:"…"}); a quoted key is what every JSON reader takes.
BARE_KEY = re.compile(r'([{,]\s*)(-?\d+)(\s*:)')


def ask(address, code, fields=None, timeout=2.0, tls=None):
    """One request and its response: (code, remark, body as parsed JSON or None).

    `tls`: the ssl.SSLContext to ask a server with that lets nobody in without.
    """
    header = json.dumps({
        "code": code, "language": "OTHER", "version": 495, "opaque": 1, "flag": 0,
        "extFields": fields or {}, "serializeTypeCurrentRPC": "JSON",
    }).encode()
    frame = struct.pack(">II", 4 + len(header), len(header)) + header
    host, port = address.rsplit(":", 1)
    with _connect(host, int(port), timeout, tls) as connection:
        connection.sendall(frame)
        total = struct.unpack(">I", _read(connection, 4))[0]
        payload = _read(connection, total)
    header_length = struct.unpack(">I", payload[:4])[0] & 0xFFFFFF
    answer = json.loads(payload[4:4 + header_length])
    body = payload[4 + header_length:].decode()
    parsed = json.loads(BARE_KEY.sub(r'\1"\2"\3', body)) if body else None
    return answer["code"], answer.get("remark"), parsed


def broker_addresses(namesrv, tls=None):
    """Broker name to its master's address, as the name server knows them now."""
    code, remark, body = ask(namesrv, GET_BROKER_CLUSTER_INFO, tls=tls)
    if code != SUCCESS:
        raise OSError(f"name server {namesrv} answered code {code}: {remark}")
    table = (body or {}).get("brokerAddrTable") or {}
    return {name: row.get("brokerAddrs", {}).get("0") for name, row in table.items()}


def is_listening(address, timeout=1.0):
    host, port = address.rsplit(":", 1)
    try:
        socket.create_connection((host, int(port)), timeout=timeout).close()
        return True
    except OSError:
        return False


def _connect(host, port, timeout, tls):
    connection = socket.create_connection((host, port), timeout=timeout)
    if tls is None:
        return connection
    try:
        return tls.wrap_socket(connection, server_hostname=host)
    except OSError:
        connection.close()
        raise


def _read(connection, size):
    data = b""
    while len(data) < size:
        piece = connection.recv(size - len(data))
        if not piece:
            raise OSError("the server closed the connection")
        data += piece
    return data
