# SPDX-License-Identifier: Apache-2.0
"""kill -9 under load: nothing acknowledged is missing, nothing appears twice, no hand is needed.

Each round sends numbered messages with many in flight from two connections, kills the server at a
random moment, starts it on the same directory and reads every queue from where the last round ended.
"""
import random
import select
import threading
import time

from harness import Dev, directory, expect
from protocol import SEND_MESSAGE_V2, SUCCESS, Connection, frame, send_fields

QUEUES, IN_FLIGHT, TOPIC = 4, 64, "KillTest"


class Sender(threading.Thread):
    """Keeps IN_FLIGHT numbered sends open until its connection breaks; remembers what was answered."""

    def __init__(self, broker, first):
        super().__init__(daemon=True)
        self.connection = Connection(broker)
        self.next = first
        self.acknowledged = {}  # number -> (queue, offset)
        self.sent = set()

    def run(self):
        open_sends = {}
        try:
            while True:
                batch = b""
                while len(open_sends) < IN_FLIGHT:
                    queue = self.next % QUEUES
                    opaque, request = frame(SEND_MESSAGE_V2, send_fields(TOPIC, queue),
                                            b"%d %s" % (self.next, b"x" * (self.next % 900)))
                    open_sends[opaque] = self.next
                    self.sent.add(self.next)
                    self.next += 1
                    batch += request
                if batch:
                    self.connection.socket.sendall(batch)
                header, _ = self.connection.read()
                number = open_sends.pop(header["opaque"])
                if header["code"] == SUCCESS:
                    fields = header["extFields"]
                    self.acknowledged[number] = (int(fields["queueId"]), int(fields["queueOffset"]))
        except OSError:
            pass  # the kill


def read_round(broker, starts):
    """number -> (queue, offset) of everything stored since `starts`, which moves on."""
    connection, found = Connection(broker), {}
    for queue in range(QUEUES):
        expected = starts[queue]
        for record in connection.read_queue(TOPIC, queue, starts[queue]):
            expect(record.offset == expected, f"queue {queue}: offset {record.offset} follows "
                                              f"{expected - 1}")
            expected += 1
            number = int(record.body.split(b" ")[0])
            expect(number not in found, f"message {number} is stored twice: {found.get(number)} and "
                                        f"{(queue, record.offset)}")
            expect(record.body == b"%d %s" % (number, b"x" * (number % 900)),
                   f"message {number} has another body")
            found[number] = (queue, record.offset)
        starts[queue] = expected
    connection.close()
    return found


def kill_rounds(kerolox, rounds, settings=()):
    chance = random.Random(7)
    total = 0
    with directory() as data:
        server = Dev(kerolox, data, settings).start()
        starts, numbers = [0] * QUEUES, [1, 100_000_000]
        first = Connection(server.broker)
        expect(first.send(TOPIC, b"0 ")["code"] == SUCCESS, "the first send failed")
        first.close()
        known = {0: (0, 0)}
        for round_number in range(rounds):
            senders = [Sender(server.broker, number) for number in numbers]
            for sender in senders:
                sender.start()
            end = time.monotonic() + chance.uniform(0.05, 0.4)
            while time.monotonic() < end or not all(s.acknowledged for s in senders):
                select.select([], [], [], 0.002)
            server.kill()
            for sender in senders:
                sender.join(10)
                expect(not sender.is_alive(), "a sender hangs")
                known.update(sender.acknowledged)
            server.start()
            stored = read_round(server.broker, starts)
            for number_sent, place in known.items():
                expect(stored.get(number_sent) == place,
                       f"round {round_number}: message {number_sent} was acknowledged at {place} and "
                       f"is at {stored.get(number_sent)}")
            total += len(known)
            known = {}
            numbers = [sender.next for sender in senders]
        code = server.stop()
        expect(code == 0, f"exit code {code} after TERM")
        expect(not (data / "store" / "abort").exists(), "abort is left behind by a clean stop")
    return total


def test_kill_async_flush(kerolox, rounds=50):
    total = kill_rounds(kerolox, rounds)
    return f"{rounds} kills, {total} acknowledged messages all there, once"


def test_kill_sync_flush(kerolox, rounds=10):
    total = kill_rounds(kerolox, rounds, ("flushDiskType=SYNC_FLUSH",))
    return f"{rounds} kills, {total} acknowledged messages all there, once"
