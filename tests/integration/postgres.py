# SPDX-License-Identifier: Apache-2.0
"""A PostgreSQL server of the test's own, and a network in front of it that can be cut.

The server runs as an unprivileged user in a folder of its own (tests/peers/postgres-cluster) and never outlives the test
program. A server that cannot be started is a failure. What a test is about decides the settings: fsync is off by default.
"""
import atexit
import contextlib
import itertools
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import threading
import urllib.parse

from harness import ROOT, poll
from peers import free_port

CLUSTER = ROOT / "tests" / "peers" / "postgres-cluster"
PASSWORD = "waybill-secret"


def as_root(*command):
    """Runs what only root may; through sudo for others."""
    prefix = [] if os.geteuid() == 0 else ["sudo", "-n"]
    subprocess.run([*prefix, *map(str, command)], check=True, capture_output=True, text=True)


class SmallDisk:
    """A file system of so many megabytes, which can be full."""

    def __init__(self, megabytes):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="waybill-disk-"))
        as_root("mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0777", "tmpfs", self.path)
        self.ballast = self.path / "ballast"

    def fill(self, leave=0):
        """Takes all that is free but `leave` bytes."""
        with open(self.ballast, "ab", buffering=0) as file:
            for size in (1 << 20, 1 << 14, 1 << 12, 1):
                with contextlib.suppress(OSError):
                    while self.free() > leave:
                        file.write(b"x" * min(size, max(self.free() - leave, 1)))

    def free(self):
        found = os.statvfs(self.path)
        return found.f_bavail * found.f_frsize

    def give_back(self):
        self.ballast.unlink(missing_ok=True)

    def discard(self):
        as_root("umount", "-l", self.path)
        self.path.rmdir()


class Postgres:
    """with Postgres() as p: Node(environment={"WAYBILL_STORE_URL": p.new_database()})"""

    def __init__(self, *settings, tcp=False, folder=None, wal_disk=None):
        self.wal_disk = wal_disk
        self.folder = pathlib.Path(folder or tempfile.mkdtemp(prefix="waybill-pg-"))
        self.log = pathlib.Path(tempfile.gettempdir()) / f"waybill-pg-{os.getpid()}-{id(self)}.log"
        self.settings, self.process = list(settings), None
        self.port = free_port() if tcp else 5432
        if tcp:
            self.settings += ["listen_addresses = '127.0.0.1'", f"port = {self.port}"]
        self.numbers = itertools.count(1)

    def __enter__(self):
        try:
            self.make()
            self.start()
            self.settle()
        except BaseException:
            self.__exit__()
            raise
        return self

    def make(self):
        self.script("init", *self.settings)
        if self.wal_disk:
            self.put_wal_on(self.wal_disk)

    def settle(self):
        self.sql(f"CREATE ROLE waybill LOGIN PASSWORD '{PASSWORD}'")

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
        self.log.unlink(missing_ok=True)

    def script(self, command, *arguments):
        done = subprocess.run([CLUSTER, command, self.folder, *map(str, arguments)], capture_output=True, text=True)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"

    def start(self, wait=True):
        """From the main thread only: the server ends with the thread that started it."""
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([CLUSTER, "run", self.folder], stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        if wait:
            poll(self._up, 60, "PostgreSQL")

    def _up(self):
        assert self.process.poll() is None, self.log.read_text()[-4000:]
        return self.try_sql("SELECT 1") is not None

    def stop(self, mode="immediate"):
        """pg_ctl's modes: smart, fast, immediate (which is a crash: all that is in memory is gone)."""
        if self.process and self.process.poll() is None:
            with contextlib.suppress(AssertionError):
                self.script("ctl", "stop", "-W", "-m", mode)
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
        if self.process:
            self.process.wait()

    def try_sql(self, statement, database="postgres"):
        """The rows as text, as the superuser; None if it failed."""
        done = subprocess.run(["psql", "-XqAt", "-h", self.folder, "-p", str(self.port), "-U", "postgres", "-d", database, "-c", statement],
                              capture_output=True, text=True)
        self.error = done.stderr
        return done.stdout if done.returncode == 0 else None

    def sql(self, statement, database="postgres"):
        answer = self.try_sql(statement, database)
        assert answer is not None, f"{statement}: {self.error}"
        return answer.strip()

    def new_database(self):
        """The URL of a database that the role "waybill" owns and is otherwise nothing special in."""
        name = f"test{next(self.numbers)}"
        self.sql(f"CREATE DATABASE {name} OWNER waybill")
        return self.url(name)

    def url(self, database):
        return f"postgresql://waybill@/{database}?host={urllib.parse.quote(str(self.folder), safe='')}&port={self.port}"

    def tcp_url(self, database, *ports, **parameters):
        """Over TCP with the password; by way of other ports (a proxy, a standby) when they are named."""
        hosts = ",".join(f"127.0.0.1:{port}" for port in ports or (self.port,))
        return f"postgresql://waybill:{PASSWORD}@{hosts}/{database}?" + urllib.parse.urlencode(parameters)

    def node_sessions(self):
        """The server processes that serve the node."""
        return [int(pid) for pid in self.sql("SELECT pid FROM pg_stat_activity WHERE usename = 'waybill'").split()]

    def configure(self, *lines):
        """Settings that take effect at once."""
        for line in lines:
            self.sql(f"ALTER SYSTEM SET {line}")
        self.sql("SELECT pg_reload_conf()")

    def standby(self):
        """Another server that follows this one; enter it to start it."""
        return Standby(self)

    def put_wal_on(self, disk):
        """Once it is made: the log of transactions goes to another disk than the data."""
        wal = self.folder / "data" / "pg_wal"
        # Not shutil.move, which would leave everything to root.
        subprocess.run(["mv", wal, disk.path / "wal"], check=True)
        wal.symlink_to(disk.path / "wal")


class Standby(Postgres):
    def __init__(self, primary):
        super().__init__()
        self.primary, self.port = primary, free_port()

    def make(self):
        self.script("clone", self.primary.folder, self.primary.port, self.port)

    def settle(self):
        poll(lambda: self.primary.sql("SELECT count(*) FROM pg_stat_replication") == "1", 30, "the standby's connection")

    def promote(self):
        self.script("ctl", "promote", "-w")
        poll(lambda: self.sql("SELECT pg_is_in_recovery()") == "f", 30, "the promotion")


def make_certificate(folder, name):
    """A new authority and a certificate of it for localhost and 127.0.0.1: NAME-ca.pem, NAME.pem, NAME.key."""
    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    openssl("req", "-x509", *key, "-keyout", f"{name}-ca.key", "-out", f"{name}-ca.pem", "-days", "30", "-subj", f"/CN={name} authority")
    openssl("req", *key, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", "/CN=localhost")
    (folder / "names").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1")
    openssl("x509", "-req", "-in", f"{name}.csr", "-CA", f"{name}-ca.pem", "-CAkey", f"{name}-ca.key", "-CAcreateserial", "-days", "30",
            "-extfile", "names", "-out", f"{name}.pem")


class Network:
    """A TCP proxy on a port of its own in front of a server. cut(): connections are reset and new ones refused; freeze():
    everything stays open and nothing passes, as behind a dead router; heal() undoes both."""

    def __init__(self, target):
        self.target, self.port = target, None
        self.listener, self.pairs = None, set()
        self.lock, self.open, self.flowing, self.stopped = threading.Lock(), True, threading.Event(), False
        self.flowing.set()

    def __enter__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.stopped = True
        self.cut()
        self.flowing.set()
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def cut(self):
        with self.lock:
            self.open = False
            pairs, self.pairs = self.pairs, set()
        for end in itertools.chain.from_iterable(pairs):
            # RST: what was under way is gone, as when a cable is pulled and a firewall forgets.
            with contextlib.suppress(OSError):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def freeze(self):
        self.flowing.clear()

    def heal(self):
        with self.lock:
            self.open = True
        self.flowing.set()

    def _accept(self):
        while not self.stopped:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            try:
                with self.lock:
                    if not self.open:
                        raise OSError
                    server = socket.create_connection(("127.0.0.1", self.target), 5)
                    server.settimeout(None)
                    self.pairs.add((client, server))
            except OSError:
                client.close()
                continue
            for source, sink in ((client, server), (server, client)):
                threading.Thread(target=self._pump, args=(source, sink), daemon=True).start()

    def _pump(self, source, sink):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                self.flowing.wait()
                sink.sendall(data)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_RDWR)


_shared = None


def shared():
    """One server for the whole program, stopped at its end."""
    global _shared
    if _shared is None:
        _shared = Postgres().__enter__()
        atexit.register(_shared.__exit__)
    return _shared
