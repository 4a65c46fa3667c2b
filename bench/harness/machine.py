# SPDX-License-Identifier: Apache-2.0
"""What machine this is, and how busy and how fast it is just now. Linux only: everything comes from /proc."""
import hashlib
import os
import platform
import subprocess
import time

TICK = os.sysconf("SC_CLK_TCK")
CORES = os.cpu_count() or 1


def _first(path, prefix):
    try:
        with open(path, encoding="utf-8") as lines:
            for line in lines:
                if line.startswith(prefix):
                    return line.split(":", 1)[-1].split("=", 1)[-1].strip().strip('"')
    except OSError:
        pass
    return ""


def filesystem_of(path):
    """(type, device) of the file system that holds `path`: the longest mount point that is a prefix of it."""
    real, best = os.path.realpath(path), ("", "", "")
    with open("/proc/mounts", encoding="utf-8") as mounts:
        for line in mounts:
            device, point, kind = line.split()[:3]
            inside = real == point or real.startswith(point.rstrip("/") + "/")
            if inside and len(point) >= len(best[0]):
                best = (point, kind, device)
    return best[1], best[2]


def describe(work):
    kind, device = filesystem_of(work)
    memory_kb = int(_first("/proc/meminfo", "MemTotal").split()[0])
    return {
        "cpu": _first("/proc/cpuinfo", "model name") or platform.machine(),
        "cores": CORES,
        "memory_gb": round(memory_kb / 2**20, 1),
        "os": _first("/etc/os-release", "PRETTY_NAME"),
        "kernel": platform.release(),
        "filesystem": f"{kind} on {device}",
    }


def commit():
    """The commit that is checked out, with `+` when the tree differs from it."""
    here = os.path.dirname(os.path.abspath(__file__))

    def git(*words):
        return subprocess.run(["git", "-C", here, *words], capture_output=True, text=True, check=False).stdout.strip()

    return git("rev-parse", "--short=12", "HEAD") + ("+" if git("status", "--porcelain", "--untracked-files=no") else "")


def fsync_us(folder, times=200):
    """Median of appending 4 KiB and fdatasync: what one commit costs at the least."""
    path, taken = os.path.join(folder, "fsync-probe"), []
    file = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    try:
        for _ in range(times):
            os.write(file, b"x" * 4096)
            before = time.perf_counter()
            os.fdatasync(file)
            taken.append(time.perf_counter() - before)
    finally:
        os.close(file)
        os.unlink(path)
    return round(sorted(taken)[times // 2] * 1e6)


def calibrate(seconds=0.3):
    """SHA-256 MB/s over all cores at once. Figures of two runs compare only where this is about the same."""
    block, pipes = b"x" * 65536, []
    for _ in range(CORES):
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            digest, done, start = hashlib.sha256(), 0, time.perf_counter()
            while time.perf_counter() - start < seconds:
                for _ in range(20):
                    digest.update(block)
                    done += 1
            os.write(writer, b"%d" % int(done * 65536 / (time.perf_counter() - start)))
            os._exit(0)
        os.close(writer)
        pipes.append((reader, child))
    total = 0
    for reader, child in pipes:
        total += int(os.read(reader, 32))
        os.close(reader)
        os.waitpid(child, 0)
    return round(total / 1e6)


def busy_seconds():
    """(CPU seconds spent on anything, CPU seconds stolen by the hypervisor) since boot, all cores."""
    with open("/proc/stat", encoding="utf-8") as file:
        values = [int(x) for x in file.readline().split()[1:]]
    idle, steal = values[3] + values[4], values[7]
    return (sum(values[:8]) - idle - steal) / TICK, steal / TICK


def wait_until_calm(patience):
    """Waits for two seconds in a row with under 10 % of the CPU in use, at most `patience` seconds."""
    start, calm = time.monotonic(), 0
    while calm < 2 and time.monotonic() - start < patience:
        before, _ = busy_seconds()
        time.sleep(1)
        after, _ = busy_seconds()
        calm = calm + 1 if (after - before) / CORES < 0.10 else 0
    return calm >= 2
