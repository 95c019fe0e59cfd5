#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes docs/compatibility.md from the request table and the servers' bindings; --check compares."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "compatibility.md"

HEAD = """# Compatibility

Kerolox speaks the protocols of Apache RocketMQ 5.4.0 and keeps its files. This page is made by
`tools/gen_compatibility.py` from `src/wire/request_table.cc` and the bindings in `routes.cc` of each
server; `make rules` fails when it is out of date.

## Features

| feature | state |
| --- | --- |
| remoting: JSON and ROCKETMQ headers, sync, async, one-way, server-initiated requests, GO_AWAY | served |
| name server: registration, routes, liveness, acting master, zones, key-value configuration | served |
| send: single, batch, one-way, to a queue, keys, tags, compressed bodies, priority property | served |
| pull and lite pull with tag filter, long polling | served |
| push consumers: concurrent, orderly (queue locks), broadcasting; rebalance notices | served |
| consumer offsets: commit, query, by time, reset by the server | served |
| topics and groups: creation on first use, administration, RocketMQ's JSON files | served |
| store: commit log, consume queues, synchronous and asynchronous flush, recovery; opens Java's | served |
| retry and dead letters by the broker (send back), delay levels, timers, recall | not yet: refused |
| transactions | not yet: refused |
| SQL92 filters | not yet: refused, as a broker with enablePropertyFilter=false does |
| pop, request-reply, query by key, batch queues, static topics, light queues | not yet |
| retention, replication, controller, proxy, access control, TLS, tiered storage | not yet |

What is not served answers code 3 (` request type N not supported; ...`), or the refusal that RocketMQ
has for a broker where the feature is off, with a sentence that says so.

## Where Kerolox differs on purpose

| place | difference |
| --- | --- |
| remarks | RocketMQ's text comes first, the cause with its figures after it |
| missing or malformed header fields | code 1 naming the field; Java often goes on with a default |
| held pulls | end within 50 ms of their time; Java looks every 5 s |
| name server: unregistration | takes effect at once instead of through a queue |
| a failed fsync | senders get code 14 and the broker refuses sends until it is restarted |
| consume queues | an entry is only written when its message may be delivered |

## Request codes

| code | name | served by | state |
| --- | --- | --- | --- |
"""

SERVERS = {
    "kBroker": "broker", "kBrokerMainPort": "broker, main port", "kNameServer": "name server",
    "kController": "controller", "kContainer": "container", "kClient": "client",
    "kNobody": "nobody",
}


def bindings(path):
    """The codes that a server's table of bindings holds: rows that begin `{CODE, `."""
    text = (ROOT / path).read_text()
    return {int(code) for code in re.findall(r"^\s*\{(\d+),", text, re.M)}


def state(code, server, served):
    broker, namesrv, client = served
    if server == "kNobody":
        return "a constant only; code 3 everywhere, as in RocketMQ"
    if server in ("kBroker", "kBrokerMainPort") and code in broker:
        return "served"
    if server == "kNameServer" and code in namesrv:
        return "served"
    if server == "kClient":
        return "sent by the broker" if code in client else "not yet"
    return "not yet: code 3"


def page():
    table = (ROOT / "src/wire/request_table.cc").read_text()
    rows = re.findall(r'\{(\d+), "(\w+)", Server::(\w+)\}', table)
    sent = set()
    for source in (ROOT / "src/broker").rglob("*.cc"):
        if re.search(r"kNotifyConsumerIdsChanged|NOTIFY_CONSUMER_IDS_CHANGED", source.read_text()):
            sent.add(40)
        if re.search(r"kResetConsumerClientOffset|RESET_CONSUMER_CLIENT_OFFSET", source.read_text()):
            sent.add(220)
    served = (bindings("src/broker/routes.cc"), bindings("src/namesrv/routes.cc"), sent)
    lines = [f"| {code} | {name} | {SERVERS[server]} | {state(int(code), server, served)} |"
             for code, name, server in rows]
    count = sum(line.endswith("| served |") for line in lines)
    return HEAD + "\n".join(lines) + f"\n\n{count} of {len(lines)} codes are served.\n"


def main():
    text = page()
    if "--check" in sys.argv[1:]:
        if not PAGE.exists() or PAGE.read_text() != text:
            print("docs/compatibility.md is out of date: run tools/gen_compatibility.py")
            return 1
        return 0
    PAGE.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
