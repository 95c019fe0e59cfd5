# SPDX-License-Identifier: Apache-2.0
"""Start, stop, restart, and what keeps a server from starting."""
import json
import os
import signal
import urllib.error
import urllib.request

from harness import Dev, directory, environment, expect, run, wait_until
from protocol import SUCCESS, Connection


def get(address, path):
    """(status, text) of an HTTP request."""
    try:
        with urllib.request.urlopen(f"http://{address}{path}", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_health_and_metrics(kerolox):
    with directory() as data, Dev(kerolox, data) as server:
        expect(get(server.http, "/healthz")[0] == 200, "/healthz")
        wait_until(lambda: get(server.http, "/readyz")[0] == 200, 10, "/readyz answers 200")
        connection = Connection(server.broker)
        for i in range(10):
            expect(connection.send("Metrics", b"m%d" % i)["code"] == SUCCESS, "send")
        status, text = get(server.http, "/metrics")
        expect(status == 200 and "rocketmq_messages_in_total" in text, f"/metrics: {text[:300]}")
        expect(get(server.http, "/nothing")[0] == 404, "an unknown path")


def test_messages_survive_a_clean_restart(kerolox):
    with directory() as data:
        server = Dev(kerolox, data).start()
        connection = Connection(server.broker)
        for i in range(100):
            connection.send("Restart", b"message %d" % i, queue=i % 4)
        connection.close()
        expect(server.stop() == 0, "exit code of a clean stop")
        expect(not (data / "store" / "abort").exists(), "abort after a clean stop")
        server.start()
        connection = Connection(server.broker)
        bodies = {r.body for q in range(4) for r in connection.read_queue("Restart", q)}
        expect(bodies == {b"message %d" % i for i in range(100)}, f"{len(bodies)} of 100 messages")
        server.stop()


def test_second_process_is_refused(kerolox):
    with directory() as data, Dev(kerolox, data) as server:
        other = run(kerolox, "dev", "--data", data, "--bind", "127.0.0.1", "--set", "namesrvPort=0",
                    "--set", "listenPort=0", "--set", "httpPort=0")
        expect(other.returncode == 1, f"exit code {other.returncode}")
        expect(str(server.process.pid) in other.stderr, f"the holder is not named: {other.stderr}")


def test_port_in_use(kerolox):
    with directory() as one, directory() as two, Dev(kerolox, one) as server:
        port = server.broker.rsplit(":", 1)[1]
        other = run(kerolox, "dev", "--data", two, "--bind", "127.0.0.1", "--set", "namesrvPort=0",
                    "--set", f"listenPort={port}", "--set", "httpPort=0")
        expect(other.returncode == 1 and "in use" in other.stderr, other.stderr)
        expect(port in other.stderr, f"the port is not named: {other.stderr}")


def test_unwritable_data_directory(kerolox):
    if os.geteuid() == 0:  # root may write anywhere: a file where a directory must be
        with directory() as data:
            (data / "store").write_text("not a directory")
            other = run(kerolox, "dev", "--data", data, "--set", "namesrvPort=0", "--set",
                        "listenPort=0", "--set", "httpPort=0")
    else:
        with directory() as data:
            data.chmod(0o500)
            other = run(kerolox, "dev", "--data", data / "x", "--set", "namesrvPort=0", "--set",
                        "listenPort=0", "--set", "httpPort=0")
            data.chmod(0o700)
    expect(other.returncode == 1 and str(data) in other.stderr, other.stderr)


def test_damaged_store_stops_with_one_sentence(kerolox):
    with directory() as data:
        server = Dev(kerolox, data).start()
        connection = Connection(server.broker)
        connection.send("Damaged", b"x")
        connection.close()
        server.stop()
        log = data / "store" / "commitlog" / ("0" * 20)
        os.truncate(log, 12345)
        other = run(kerolox, "dev", "--data", data, "--set", "namesrvPort=0", "--set",
                    "listenPort=0", "--set", "httpPort=0", *small_files())
        expect(other.returncode == 1, f"exit code {other.returncode}")
        expect("0" * 20 in other.stderr and "12345" in other.stderr, other.stderr)


def small_files():
    return [word for setting in Dev.SETTINGS[4:] for word in ("--set", setting)]


def test_malformed_configuration(kerolox):
    with directory() as data:
        conf = data / "broker.conf"
        conf.write_text("brokerName = a\nlistenPort = many\n")
        other = run(kerolox, "broker", "-c", conf)
        expect(other.returncode == 1, f"exit code {other.returncode}")
        expect("broker.conf" in other.stderr and "2" in other.stderr and "listenPort" in other.stderr,
               other.stderr)
        conf.write_text("brokerNam = a\n")
        checked = run(kerolox, "config", "check", conf)
        expect(checked.returncode == 1 and "brokerName" in checked.stdout + checked.stderr,
               checked.stdout + checked.stderr)
        expect(run(kerolox, "config", "explain", "flushDiskType").returncode == 0, "explain")
        expect(run(kerolox, "config", "explain", "noSuchKey").returncode == 3, "explain an unknown key")


def test_wrong_usage(kerolox):
    expect(run(kerolox).returncode == 2, "no subcommand")
    expect(run(kerolox, "dev", "--no-such-option").returncode == 2, "an unknown option")
    expect(run(kerolox, "--help").returncode == 0, "--help")
    for command in ("dev", "namesrv", "broker", "produce", "consume", "bench", "config", "store"):
        expect(run(kerolox, command, "--help").returncode == 0, f"{command} --help")


def test_print_configuration(kerolox):
    printed = run(kerolox, "broker", "-p")
    expect(printed.returncode == 0 and "flushDiskType" in printed.stdout, printed.stderr)


def test_second_term_ends_at_once(kerolox):
    with directory() as data:
        server = Dev(kerolox, data).start()
        server.process.send_signal(signal.SIGTERM)
        server.process.send_signal(signal.SIGTERM)
        wait_until(lambda: server.process.poll() is not None, 10, "the process ends")
        server.start()
        server.stop()


def test_store_dump_and_check(kerolox):
    with directory() as data:
        server = Dev(kerolox, data).start()
        connection = Connection(server.broker)
        for i in range(20):
            connection.send("Dumped", b"message %d" % i)
        connection.close()
        server.stop()
        store = data / "store"
        before = {p: p.stat().st_mtime_ns for p in store.rglob("*")}
        dumped = run(kerolox, "store", "dump", store, "--json")
        expect(dumped.returncode == 0, dumped.stderr)
        rows = [json.loads(line) for line in dumped.stdout.splitlines()]
        expect(sum(row.get("topic") == "Dumped" for row in rows) == 20, dumped.stdout[:500])
        checked = run(kerolox, "store", "check", store)
        expect(checked.returncode == 0, checked.stdout + checked.stderr)
        expect(before == {p: p.stat().st_mtime_ns for p in store.rglob("*")}, "something was changed")
        log = store / "commitlog" / ("0" * 20)
        with open(log, "r+b") as file:
            file.seek(100)
            file.write(b"\xff\xff")
        expect(run(kerolox, "store", "check", store).returncode == 1, "a damaged record is not found")
        expect(run(kerolox, "store", "check", data / "nothing").returncode == 3, "no such directory")
