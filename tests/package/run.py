#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The installed library as a stranger finds it.

  tests/package/run.py --build build/release [--kerolox PROGRAM] [--only headers,exports,...]

headers     each public header alone, with both compilers and strict warnings; no Boost behind any
            but asio.hpp; the whole client is included within a second
exports     tools/check_exports.py over both libraries
options     docs/client/options.md is what the option tables say
install     cmake --install, then a project with find_package: shared, static, Asio
pkgconfig   the same tree through pkg-config, shared and static
deb         packages made by cpack and unpacked, then found by CMake and pkg-config
subproject  add_subdirectory configures in a project that is not ours (--full builds it as well)

Programs run against `kerolox dev` where --kerolox is given. What is built lies in BUILD/package-test.
"""
import argparse
import contextlib
import os
import pathlib
import resource
import shlex
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "e2e"))
import harness  # noqa: E402

HERE = ROOT / "tests" / "package"
STRICT = ["-std=c++20", "-Wall", "-Wextra", "-Wconversion", "-Werror"]
COMPILERS = {"clang": "clang++-19", "gcc": "g++"}
WARNED = {"clang": STRICT, "gcc": STRICT + ["-fno-rtti"]}
INCLUDE_SECONDS = 1.0


def run(*command, where=None, **env):
    done = subprocess.run([str(word) for word in command], cwd=where, capture_output=True, text=True,
                          env={**os.environ, **{k: str(v) for k, v in env.items()}}, check=False)
    if done.returncode != 0:
        text = (done.stdout + done.stderr)[-3000:]
        raise harness.Failure(f"{shlex.join(map(str, command))}: {done.returncode}\n{text}")
    return done.stdout


class Suite:
    def __init__(self, build, kerolox, full):
        self.build, self.full = build.resolve(), full
        self.work = self.build / "package-test"
        shutil.rmtree(self.work, ignore_errors=True)
        self.work.mkdir(parents=True)
        self.kerolox, self.address = kerolox, None

    def use(self, program, **env):
        """Runs a program that was built against the library."""
        if self.address:
            run(program, self.address, **env)

    def headers(self):
        for header in sorted((ROOT / "include" / "kerolox").glob("*.hpp")):
            alone = self.work / f"{header.stem}_alone.cc"
            alone.write_text(f"#include <kerolox/{header.name}>\n")
            asio = header.name == "asio.hpp"
            for name, compiler in COMPILERS.items():
                flags = STRICT if asio else WARNED[name]
                run(compiler, *flags, "-I", ROOT / "include", "-fsyntax-only", alone)
            reached = run("clang++-19", "-std=c++20", "-I", ROOT / "include", "-M", alone)
            if "/boost/" in reached and not asio:
                raise harness.Failure(f"kerolox/{header.name} includes Boost")
        seconds = min(self.include_seconds() for _ in range(5))
        harness.expect(seconds < INCLUDE_SECONDS,
                       f"including the whole client takes {seconds:.2f} s of user time")
        print(f"  #include <kerolox/kerolox.hpp>: {seconds:.2f} s of user time (clang)")

    def include_seconds(self):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        run("clang++-19", "-std=c++20", "-O0", "-I", ROOT / "include", "-c", "-o", "/dev/null",
            self.work / "kerolox_alone.cc")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime - before.ru_utime

    def exports(self):
        print("  " + run("python3", ROOT / "tools" / "check_exports.py",
                         self.build / "lib" / "libkerolox.so",
                         self.build / "lib" / "libkerolox.a").replace("\n", "\n  ").rstrip())

    def options(self):
        run(self.build / "packaging" / "kx_options_page", "--check", ROOT / "docs/client/options.md")

    def project(self, prefix, label):
        for name, compiler in COMPILERS.items():
            tree = self.work / f"{label}-{name}"
            run("cmake", "-S", HERE, "-B", tree, "-G", "Ninja", f"-DCMAKE_CXX_COMPILER={compiler}",
                f"-DCMAKE_PREFIX_PATH={prefix}", "-DCMAKE_CXX_COMPILER_LAUNCHER=ccache")
            run("cmake", "--build", tree, "-j2")
            needed = run("readelf", "-d", tree / "static_client")
            harness.expect("libkerolox" not in needed, "the static program needs libkerolox.so")
            for program in ("shared_client", "static_client", "asio_client"):
                self.use(tree / program)

    def through_pkg_config(self, prefix, label):
        path = prefix / "lib" / "pkgconfig"

        def flags(*arguments):
            return run("pkg-config", *arguments, "kerolox", PKG_CONFIG_PATH=path).split()

        for name, compiler in COMPILERS.items():
            source = [compiler, *WARNED[name], HERE / "round_trip.cc", *flags("--cflags")]
            shared, static = (self.work / f"{label}-{name}-{kind}" for kind in ("so", "a"))
            run(*source, "-o", shared, *flags("--libs"))
            self.use(shared, LD_LIBRARY_PATH=prefix / "lib")
            libraries = ["-l:libkerolox.a" if flag == "-lkerolox" else flag
                         for flag in flags("--static", "--libs")]
            run(*source, "-o", static, *libraries)
            self.use(static)

    def prefix(self):
        prefix = self.work / "prefix"
        if not prefix.exists():
            for component in ("runtime", "development", "doc"):
                run("cmake", "--install", self.build, "--prefix", prefix, "--strip", "--component",
                    component)
        return prefix

    def install(self):
        self.project(self.prefix(), "find")
        harness.expect((self.prefix() / "share/doc/kerolox/README.md").exists(), "no guide installed")

    def pkgconfig(self):
        self.through_pkg_config(self.prefix(), "pc")

    def deb(self):
        made, root = self.work / "deb", self.work / "root"
        components = "runtime;development;doc"
        if (self.build / "kerolox").exists():
            components += ";tools"
        run("cpack", "-G", "DEB", "-B", made, "-D", f"CPACK_COMPONENTS_ALL={components}",
            where=self.build)
        packages = sorted(made.glob("*.deb"))
        for package in packages:
            run("dpkg-deb", "-x", package, root)
            depends = run("dpkg-deb", "-f", package, "Depends").strip()
            print(f"  {package.name}: {package.stat().st_size / 1024:.0f} KiB; {depends}")
        names = {package.name.split("_")[0] for package in packages}
        harness.expect({"libkerolox0", "libkerolox-dev"} <= names, f"packages are {names}")
        self.through_pkg_config(root / "usr", "deb")
        self.project(root / "usr", "deb-find")

    def subproject(self):
        tree = self.work / "subproject"
        run("cmake", "-S", HERE, "-B", tree, "-G", "Ninja", "-DCMAKE_CXX_COMPILER=clang++-19",
            "-DCMAKE_CXX_COMPILER_LAUNCHER=ccache", "-DBUNDLED=ON", f"-DKEROLOX_SOURCE={ROOT}")
        targets = run("cmake", "--build", tree, "--target", "help")
        harness.expect("kx_client_test" not in targets and "kx_broker" not in targets,
                       "a project that adds Kerolox gets its tests or servers")
        if self.full:
            run("cmake", "--build", tree, "-j2")
            self.use(tree / "shared_client")


PARTS = ("headers", "exports", "options", "install", "pkgconfig", "deb", "subproject")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--kerolox", type=pathlib.Path)
    parser.add_argument("--only", default=",".join(PARTS))
    parser.add_argument("--full", action="store_true")
    arguments = parser.parse_args()
    suite = Suite(arguments.build, arguments.kerolox, arguments.full)
    failed = []
    with contextlib.ExitStack() as stack:
        if suite.kerolox:
            data = stack.enter_context(tempfile.TemporaryDirectory(prefix="kerolox-package-"))
            server = stack.enter_context(harness.Dev(str(suite.kerolox.resolve()), data))
            suite.address = server.namesrv
        for part in arguments.only.split(","):
            try:
                print(f"{part}", flush=True)
                getattr(suite, part)()
            except harness.Failure as failure:
                failed.append(part)
                print(f"  FAILED {failure}")
    print(f"failed: {', '.join(failed)}" if failed else "all passed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
