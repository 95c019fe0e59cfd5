#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Calls every function of kerolox::Admin once, against kerolox and against the original.

    admin_tour.py --test build/dev/src/client/kx_client_test [--kerolox PATH] [--only original]
                  [--mqadmin]   also prints what mqadmin says, to be compared by eye

The original must serve everything; what kerolox does not serve must come back as code 3.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import servers

JVM = ["-Xms64m", "-Xmx256m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]
MQADMIN = [["clusterList"], ["topicList"], ["topicRoute", "-t", "TourLive"],
           ["topicStatus", "-t", "TourLive"], ["consumerProgress", "-g", "tour-live"],
           ["consumerConnection", "-g", "tour-live"],
           ["queryMsgByKey", "-t", "TourLive", "-k", "live-key"]]


def start_kerolox_dev(directory, kerolox):
    """`kerolox dev` on ports it finds: the process and its name server's address."""
    data = pathlib.Path(directory) / "data"
    process = subprocess.Popen(
        [str(kerolox), "dev", "--data", str(data), "--set", "listenPort=0", "--set", "httpPort=0",
         "--set", "namesrvPort=0"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    endpoints = data / "endpoints.json"
    end = time.monotonic() + servers.START_DEADLINE_S
    while not endpoints.exists():
        if process.poll() is not None or time.monotonic() > end:
            process.kill()
            raise servers.StartFailure("kerolox dev did not start")
        time.sleep(servers.POLL_INTERVAL_S)
    return process, json.loads(endpoints.read_text())


def ask_mqadmin(words, namesrv, java):
    """What it prints, without the reports of its logging library."""
    print("-- mqadmin", *words, flush=True)
    run = subprocess.run([*java, "org.apache.rocketmq.tools.command.MQAdminStartup", *words,
                          "-n", namesrv], capture_output=True, text=True, timeout=60)
    print("\n".join(line for line in run.stdout.splitlines() if " |-" not in line), flush=True)


def tour(name, namesrv, home, options):
    print(f"== {name} at {namesrv}", flush=True)
    java = [servers.java(), *JVM, f"-Duser.home={home}", "-cp", servers.class_path()]
    consumer = subprocess.Popen(
        [*java, str(servers.HERE / "java_tour" / "LiveConsumer.java"), namesrv],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        got = next((line for line in consumer.stdout if line.startswith("got ")), None)
        if got is None:
            raise servers.StartFailure("the consumer in Java got nothing")
        environment = {**os.environ, "KEROLOX_TOUR_NAMESRV": namesrv,
                       "KEROLOX_TOUR_MESSAGE": got.split()[1]}
        if name == "original":
            environment["KEROLOX_TOUR_EXPECT_ALL"] = "1"
        code = subprocess.run([options.test, "--gtest_filter=AdminLive.*"], env=environment,
                              timeout=180).returncode
        for words in MQADMIN if options.mqadmin else []:
            ask_mqadmin(words, namesrv, java)
        return code
    finally:
        consumer.stdin.close()
        try:
            consumer.wait(15)
        except subprocess.TimeoutExpired:
            consumer.kill()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--test", required=True, help="kx_client_test")
    parser.add_argument("--kerolox", help="the server binary")
    parser.add_argument("--only", choices=["kerolox", "original"])
    parser.add_argument("--mqadmin", action="store_true")
    options = parser.parse_args()
    failed = 0
    with tempfile.TemporaryDirectory(prefix="admin-tour-") as directory:
        if options.only != "original":
            process, endpoints = start_kerolox_dev(directory, servers.find_kerolox(options.kerolox))
            try:
                failed |= tour("kerolox", endpoints["namesrv"], directory, options)
            finally:
                process.terminate()
                process.wait(30)
        if options.only != "kerolox":
            root = pathlib.Path(directory) / "original"
            namesrv = servers.start_original_namesrv(root / "namesrv")
            try:
                broker = servers.start_original_broker(root / "broker", namesrv.address)
                try:
                    failed |= tour("original", namesrv.address, directory, options)
                finally:
                    broker.stop()
            finally:
                namesrv.stop()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
