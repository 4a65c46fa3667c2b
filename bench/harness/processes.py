# SPDX-License-Identifier: Apache-2.0
"""Starts and stops processes by their own id, and reads from /proc what they use."""
import os
import signal
import socket
import subprocess
import time

from . import machine

_running = []


def start(arguments, log, **options):
    """Starts `arguments` with its output in the file `log`; `stop_all` ends it if nothing else does."""
    with open(log, "ab") as out:
        process = subprocess.Popen(arguments, stdout=out, stderr=out, stdin=subprocess.DEVNULL, start_new_session=True, **options)
    _running.append(process)
    return process


def stop(process, wait=30):
    """SIGTERM, then SIGKILL. Returns the exit code, or None when it had to be killed."""
    if process in _running:
        _running.remove(process)
    if process.poll() is not None:
        return process.returncode
    process.send_signal(signal.SIGTERM)
    try:
        return process.wait(wait)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(10)
        return None


def kill(process):
    """SIGKILL, and gone when it returns."""
    if process in _running:
        _running.remove(process)
    process.kill()
    process.wait(10)


def stop_all():
    for process in list(reversed(_running)):
        stop(process, wait=5)


def wait_for_port(port, process, log, seconds=30):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if process.poll() is not None:
                break
            time.sleep(0.02)
    with open(log, encoding="utf-8", errors="replace") as file:
        raise SystemExit(f"nothing listens on port {port}; the end of {log}:\n" + file.read()[-2000:])


def wait_for_free_port(port, seconds=10):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            return
        time.sleep(0.02)
    raise SystemExit(f"something still listens on port {port}")


def wait_for_file(path, process, log, seconds=30):
    deadline = time.monotonic() + seconds
    while not os.path.exists(path):
        if process.poll() is not None or time.monotonic() > deadline:
            with open(log, encoding="utf-8", errors="replace") as file:
                raise SystemExit(f"{path} did not appear; the end of {log}:\n" + file.read()[-2000:])
        time.sleep(0.02)


def tree(root):
    children = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat", encoding="utf-8") as file:
                    children.setdefault(int(file.read().rsplit(")", 1)[1].split()[1]), []).append(int(entry))
            except OSError:
                pass  # it ended meanwhile
    found, todo = [], [root]
    while todo:
        found.append(todo.pop())
        todo += children.get(found[-1], [])
    return found


def cpu_seconds(roots):
    """User and system time of the process trees, ended children included."""
    total = 0
    for root in roots:
        for pid in tree(root):
            try:
                with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
                    total += sum(int(x) for x in file.read().rsplit(")", 1)[1].split()[11:15])
            except OSError:
                pass
    return total / machine.TICK


def thread_cpu_seconds(root):
    """{thread name: CPU seconds}, threads of one name added up."""
    found = {}
    for pid in tree(root):
        try:
            for thread in os.listdir(f"/proc/{pid}/task"):
                with open(f"/proc/{pid}/task/{thread}/stat", encoding="utf-8") as file:
                    head, tail = file.read().rsplit(")", 1)
                name, values = head.split("(", 1)[1], tail.split()
                found[name] = found.get(name, 0) + (int(values[11]) + int(values[12])) / machine.TICK
        except OSError:
            pass
    return found


def memory_mb(roots):
    """{"rss", "pss"} in MiB. PSS counts a shared page once over all who share it: the honest sum."""
    total = {"rss": 0, "pss": 0}
    for root in roots:
        for pid in tree(root):
            try:
                with open(f"/proc/{pid}/smaps_rollup", encoding="utf-8") as file:
                    for line in file:
                        key = line.split(":", 1)[0].lower()
                        if key in total:
                            total[key] += int(line.split()[1])
            except OSError:
                pass
    return {key: round(kb / 1024, 1) for key, kb in total.items()}


class Span:
    """What a stretch of time cost: CPU of the stack, and the share of the machine that others took."""

    def __init__(self, stack, beside):
        self.stack, self.beside = stack, beside  # process ids; `beside`: receiver
        self.generator_cpu = 0.0

    def __enter__(self):
        self._wall, self._own = time.monotonic(), time.process_time()
        self._cpu, self._beside = cpu_seconds(self.stack), cpu_seconds(self.beside)
        self._busy, self._stolen = machine.busy_seconds()
        self._threads = [thread_cpu_seconds(pid) for pid in self.stack]
        return self

    def __exit__(self, *_):
        self.cpu = cpu_seconds(self.stack) - self._cpu
        self.wall = time.monotonic() - self._wall
        busy, stolen = machine.busy_seconds()
        known = self.cpu + cpu_seconds(self.beside) - self._beside + self.generator_cpu + time.process_time() - self._own
        self.beside_cpu = cpu_seconds(self.beside) - self._beside
        self.other = round(max(0.0, busy - self._busy - known) / (self.wall * machine.CORES), 3)
        self.steal = round((stolen - self._stolen) / (self.wall * machine.CORES), 3)
        self.threads = {}
        for pid, before in zip(self.stack, self._threads):
            for name, used in thread_cpu_seconds(pid).items():
                self.threads[name] = round(self.threads.get(name, 0) + used - before.get(name, 0), 2)
