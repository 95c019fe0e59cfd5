#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes a first corpus for every fuzzer out of what RocketMQ 5.4.0 wrote (tests/data).

    tools/make_fuzz_corpus.py [DIRECTORY]      default: build/fuzz-corpus

Each fuzzer gets a directory of its own name; a fuzzer that is not listed here starts from nothing.
Files are named by their content, so running it again changes nothing.
"""
import base64
import gzip
import hashlib
import json
import pathlib
import struct
import sys
import tarfile
import zlib

ROOT = pathlib.Path(__file__).resolve().parent.parent
DATA = ROOT / "tests" / "data"
LARGEST_SEED = 64 << 10
MESSAGE_MAGIC = b"\xda\xa3\x20\xa7"


def recorded_frames():
    """Every recorded frame: its row, its bytes behind the length field, its header and body."""
    with gzip.open(DATA / "wire-5.4.0.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            rest = base64.b64decode(row["frame64"])
            header_bytes = int.from_bytes(rest[1:4], "big")
            yield row, rest, rest[4:4 + header_bytes], rest[4 + header_bytes:]


def stored_files():
    """Name and bytes of every small file of the recorded stores."""
    for archive in sorted(DATA.glob("store-5.4.0-*.tar.gz")):
        with tarfile.open(archive) as tar:
            for member in tar:
                if member.isfile() and member.size <= 2 << 20:
                    yield member.name, tar.extractfile(member).read()


def binary_header(header):
    """The ROCKETMQ form of a header that was recorded as JSON; None when the code is too large."""
    code = header["code"]
    if not -0x8000 <= code <= 0x7FFF:
        return None
    block = b""
    for key, value in (header.get("extFields") or {}).items():
        key, value = key.encode(), value.encode()
        block += struct.pack(">h", len(key)) + key + struct.pack(">i", len(value)) + value
    remark = header.get("remark", "").encode()
    return (struct.pack(">hBhii", code, 0, header["version"], header["opaque"], header["flag"])
            + struct.pack(">i", len(remark)) + remark + struct.pack(">i", len(block)) + block)


def framed(encoding, header, body):
    word = struct.pack(">I", encoding << 24 | len(header))
    return struct.pack(">i", 4 + len(header) + len(body)) + word + header + body


def messages_in(data):
    """Stored messages: total size, then the magic."""
    at = data.find(MESSAGE_MAGIC)
    while at >= 0:
        if at >= 4:
            size = int.from_bytes(data[at - 4:at], "big")
            if 0 < size <= len(data) - at + 4:
                yield data[at - 4:at - 4 + size]
        at = data.find(MESSAGE_MAGIC, at + 4)


def seeds():
    """Pairs of a fuzzer's name and one input for it."""
    for row, rest, header_bytes, body in recorded_frames():
        header = row["header"]
        yield "frame_fuzz", struct.pack(">i", len(rest)) + rest
        yield "json_header_fuzz", header_bytes
        binary = binary_header(header)
        if binary is not None:
            yield "binary_header_fuzz", binary
            yield "frame_fuzz", framed(1, binary, body)
        code = row.get("answers", header["code"])
        fields = header.get("extFields") or {}
        if body[:1] in (b"{", b"["):
            yield "json_fuzz", body
        if code in (26, 319) and header["flag"] & 1:
            yield "properties_text_fuzz", body
        if code in (310, 320) and "i" in fields:
            yield "properties_fuzz", fields["i"].encode()
        if code == 320 and fields.get("m") == "true":
            yield "batch_fuzz", body
        for message in messages_in(body):
            yield "record_fuzz", message
    for name, data in stored_files():
        if "/config/" in name and data[:1] == b"{":
            yield "json_fuzz", data
        if name.endswith("/topics.json"):
            yield "registration_body_fuzz", b"\x00" + data
            yield "registration_body_fuzz", (b'\x01{"filterServerList":["10.0.0.1:1"],'
                                             b'"topicConfigSerializeWrapper":' + data + b"}")
        if "/commitlog/" in name:
            yield from (("record_fuzz", message) for message in messages_in(data))
    yield "decompress_fuzz", b"\x00" + zlib.compress(b"compressed by zlib " * 20)


def main():
    target = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "build" / "fuzz-corpus"
    counts = {}
    for fuzzer, data in seeds():
        if len(data) > LARGEST_SEED:
            continue
        directory = target / fuzzer
        directory.mkdir(parents=True, exist_ok=True)
        (directory / hashlib.sha1(data).hexdigest()).write_bytes(data)
        counts[fuzzer] = counts.get(fuzzer, 0) + 1
    for fuzzer, count in sorted(counts.items()):
        print(f"{fuzzer}: {count} seeds")


if __name__ == "__main__":
    main()
