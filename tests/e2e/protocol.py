# SPDX-License-Identifier: Apache-2.0
"""The remoting protocol, as little of it as the end-to-end tests need: frames, sends, pulls, records."""
import collections
import itertools
import json
import socket
import struct

SEND_MESSAGE_V2, PULL_MESSAGE, HEART_BEAT, GET_MAX_OFFSET = 310, 11, 34, 30
SUCCESS, PULL_NOT_FOUND = 0, 19
SUBSCRIPTION_INSIDE = 4

Record = collections.namedtuple("Record", "topic queue offset body properties")
_opaque = itertools.count(1)


def frame(code, fields=None, body=b"", flag=0):
    """(opaque, bytes) of one request."""
    opaque = next(_opaque)
    header = json.dumps({"code": code, "language": "OTHER", "version": 493, "opaque": opaque,
                         "flag": flag, "serializeTypeCurrentRPC": "JSON",
                         "extFields": {k: str(v) for k, v in (fields or {}).items()}}).encode()
    return opaque, struct.pack(">II", 4 + len(header) + len(body), len(header)) + header + body


def send_fields(topic, queue, properties="", queues=4):
    return {"a": "e2e", "b": topic, "c": "TBW102", "d": queues, "e": queue, "f": 0, "g": 0, "h": 0,
            "i": properties, "j": 0, "k": "false"}


class Connection:
    """One socket; answers are read in the order they come."""

    def __init__(self, address, timeout=5.0):
        host, port = address.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), timeout=timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = bytearray()

    def close(self):
        self.socket.close()

    def read(self):
        """(header, body) of the next frame; OSError when the peer closes."""
        while True:
            if len(self.buffer) >= 4:
                size = struct.unpack_from(">I", self.buffer)[0]
                if len(self.buffer) >= 4 + size:
                    payload = bytes(self.buffer[4:4 + size])
                    del self.buffer[:4 + size]
                    head = struct.unpack_from(">I", payload)[0] & 0xFFFFFF
                    return json.loads(payload[4:4 + head]), payload[4 + head:]
            piece = self.socket.recv(1 << 18)
            if not piece:
                raise ConnectionError("the server closed the connection")
            self.buffer += piece

    def ask(self, code, fields=None, body=b""):
        opaque, request = frame(code, fields, body)
        self.socket.sendall(request)
        while True:
            header, answer = self.read()
            if header["flag"] & 1 and header["opaque"] == opaque:
                return header, answer

    def send(self, topic, body, queue=0, properties=""):
        header, _ = self.ask(SEND_MESSAGE_V2, send_fields(topic, queue, properties), body)
        return header

    def pull(self, topic, queue, offset, count=32):
        """(code, next offset, records)."""
        header, body = self.ask(PULL_MESSAGE, {
            "consumerGroup": "e2e_reader", "topic": topic, "queueId": queue, "queueOffset": offset,
            "maxMsgNums": count, "sysFlag": SUBSCRIPTION_INSIDE, "commitOffset": 0,
            "suspendTimeoutMillis": 0, "subscription": "*", "subVersion": 0})
        following = int(header.get("extFields", {}).get("nextBeginOffset", offset))
        return header["code"], following, list(records(body))

    def read_queue(self, topic, queue, offset=0):
        """Every record of a queue from `offset` on."""
        while True:
            code, following, found = self.pull(topic, queue, offset)
            yield from found
            if code == PULL_NOT_FOUND or following == offset:
                return
            offset = following


def records(body):
    """The stored records of a pull's body (V1, IPv4 hosts)."""
    at = 0
    while at < len(body):
        size, _magic, _crc, queue = struct.unpack_from(">iiii", body, at)
        offset = struct.unpack_from(">q", body, at + 20)[0]
        sys_flag = struct.unpack_from(">i", body, at + 36)[0]
        if sys_flag & 0x30:
            raise ValueError("a record with IPv6 hosts")
        place = at + 84
        length = struct.unpack_from(">i", body, place)[0]
        text = body[place + 4:place + 4 + length]
        place += 4 + length
        topic_length = body[place]
        topic = body[place + 1:place + 1 + topic_length].decode()
        place += 1 + topic_length
        properties_length = struct.unpack_from(">h", body, place)[0]
        properties = body[place + 2:place + 2 + properties_length].decode()
        yield Record(topic, queue, offset, text, properties)
        at += size
