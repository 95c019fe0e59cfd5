# SPDX-License-Identifier: Apache-2.0
"""What /proc says about a process and about the machine."""
import os
import platform
import time

TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid):
    """User and system time of all threads a process has or had."""
    with open(f"/proc/{pid}/stat") as file:
        # The command's name stands in parentheses and may hold blanks.
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory_mib(pid):
    """(resident, anonymous part of it) in MiB. The rest are pages of files, the store's above all,
    which the kernel takes back when it needs them."""
    values = {}
    with open(f"/proc/{pid}/status") as file:
        for line in file:
            name, _, rest = line.partition(":")
            if name in ("VmRSS", "RssAnon"):
                values[name] = int(rest.split()[0]) / 1024
    return values["VmRSS"], values["RssAnon"]


def busy_seconds():
    """Time that all cores together spent on anything since the machine started."""
    with open("/proc/stat") as file:
        user, nice, system, _idle, _iowait, irq, softirq = map(int, file.readline().split()[1:8])
    return (user + nice + system + irq + softirq) / TICKS


def foreign_cores(seconds):
    """Cores in use while we do nothing."""
    start, busy = time.monotonic(), busy_seconds()
    while time.monotonic() - start < seconds:
        time.sleep(0.05)
    return (busy_seconds() - busy) / (time.monotonic() - start)


def description():
    model = "unknown processor"
    with open("/proc/cpuinfo") as file:
        for line in file:
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") >> 30
    return f"{os.cpu_count()} cores ({model}), {pages} GiB, Linux {platform.release()}"
