# SPDX-License-Identifier: Apache-2.0
"""The Java client as a partner of the suite: compiled once, started once, commanded by lines."""
import hashlib
import os
import shutil
import subprocess

from deployment import HERE, servers

SOURCES = HERE / "java" / "src"
JVM = ["-Xms128m", "-Xmx384m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]


def compile_java():
    """Class directory of the peer, compiled once for its present text."""
    sources = sorted(SOURCES.rglob("*.java"))
    digest = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:16]
    target = servers.CACHE / f"interop-{digest}"
    if target.exists():
        return target
    javac = shutil.which("javac")
    if javac is None:
        raise servers.Unavailable("javac is not installed")
    # Compiled aside and renamed, so that an interrupted run leaves nothing that looks complete.
    aside = servers.CACHE / f"interop-{digest}.{os.getpid()}"
    class_path = servers.class_path()
    aside.mkdir(parents=True)
    run = subprocess.run([javac, "-nowarn", "-encoding", "UTF-8", "-cp", class_path, "-d",
                          str(aside), *map(str, sources)], capture_output=True, text=True)
    if run.returncode != 0:
        shutil.rmtree(aside)
        raise servers.StartFailure("the Java peer does not compile\n" + run.stderr)
    try:
        aside.rename(target)
    except OSError:
        shutil.rmtree(aside, ignore_errors=True)
    return target


class JavaPeer:
    def __init__(self, namesrv, directory):
        classes = compile_java()
        directory.mkdir(parents=True, exist_ok=True)
        self.offsets = directory / "offsets"
        self.log = open(directory / "java-peer.log", "wb")
        self.process = subprocess.Popen(
            [servers.java(), *JVM, f"-Duser.home={directory}",
             f"-Drocketmq.client.localOffsetStoreDir={self.offsets}",
             "-cp", f"{classes}:{servers.class_path()}", "kerolox.interop.Peer", namesrv],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.log)
        port = self.process.stdout.readline().decode().strip()
        if not port.isdigit():
            raise servers.StartFailure(f"the Java peer did not start, see {self.log.name}")
        self.address = f"127.0.0.1:{port}"

    def close(self):
        self.process.kill()
        self.process.wait()
        self.log.close()
