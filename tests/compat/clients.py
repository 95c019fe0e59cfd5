# SPDX-License-Identifier: Apache-2.0
"""Builds the client programs and says how to run them. Each prints PASS/FAIL lines by itself."""
import hashlib
import os
import pathlib
import shutil
import subprocess

import servers

HERE = servers.HERE
JAVA_SOURCES = HERE / "java" / "src"
GO_MODULE = HERE / "go"
CLIENT_JVM = ["-Xms128m", "-Xmx512m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]


class BuildFailure(Exception):
    """The client program itself does not compile."""


class Suite:
    """One client program in one setting; `command` takes the name server, run id and group."""

    def __init__(self, label, prepare, command, environment=None):
        self.label = label
        self.prepare = prepare
        self.command = command
        self.environment = environment or {}


def java_suite(label="java", options=()):
    def command(namesrv, run, group, only, home):
        return [servers.java(), *CLIENT_JVM, f"-Duser.home={home}", *options,
                "-cp", f"{compile_java()}:{servers.class_path()}",
                "kerolox.compat.Compat", namesrv, run, group, only]
    return Suite(label, compile_java, command)


def java_binary_suite():
    """The same client, asking for the compact header instead of JSON."""
    return java_suite("java-binary", ["-Drocketmq.serialize.type=ROCKETMQ"])


def go_suite():
    def command(namesrv, run, group, only, home):
        return [str(build_go()), namesrv, run, group, only]
    return Suite("go", build_go, command)


def compile_java():
    """Class directory of the Java scenarios, compiled once for their present text."""
    sources = sorted(JAVA_SOURCES.rglob("*.java"))
    digest = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:16]
    target = servers.CACHE / f"java-{digest}"
    if target.exists():
        return target
    servers.java()
    javac = shutil.which("javac")
    if javac is None:
        raise servers.Unavailable("javac is not installed")
    # Compiled aside and renamed, so that an interrupted run leaves nothing that looks complete.
    aside = servers.CACHE / f"java-{digest}.{os.getpid()}"
    aside.mkdir(parents=True)
    run = subprocess.run([javac, "-nowarn", "-encoding", "UTF-8", "-cp", servers.class_path(),
                          "-d", str(aside), *map(str, sources)], capture_output=True, text=True)
    if run.returncode != 0:
        shutil.rmtree(aside)
        raise BuildFailure(run.stderr)
    return _keep(aside, target)


def build_go():
    """The Go program; its own tool chain notices when nothing changed."""
    go = shutil.which("go")
    if go is None:
        raise servers.Unavailable("go is not installed")
    sources = [GO_MODULE / "go.mod", *sorted(GO_MODULE.glob("*.go"))]
    digest = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:16]
    target = servers.CACHE / f"go-{digest}"
    if target.exists():
        return target
    modules = subprocess.run([go, "mod", "download"], cwd=GO_MODULE, capture_output=True, text=True)
    if modules.returncode != 0:
        raise servers.Unavailable("Go modules: " + modules.stderr.strip().splitlines()[0])
    aside = pathlib.Path(f"{target}.{os.getpid()}")
    servers.CACHE.mkdir(parents=True, exist_ok=True)
    run = subprocess.run([go, "build", "-buildvcs=false", "-o", str(aside), "."],
                         cwd=GO_MODULE, capture_output=True, text=True)
    if run.returncode != 0:
        raise BuildFailure(run.stderr)
    return _keep(aside, target)


def _keep(aside, target):
    try:
        aside.rename(target)
    except OSError:
        # Another run made the same thing first.
        shutil.rmtree(aside, ignore_errors=True)
    return target
