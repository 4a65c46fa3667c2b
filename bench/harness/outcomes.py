# SPDX-License-Identifier: Apache-2.0
"""Reads the outcomes where they are kept: the node's SQLite file, opened read-only, or its PostgreSQL database."""
import bisect
import sqlite3
import subprocess
import threading
import time

_ALPHABET = {c: i for i, c in enumerate("0123456789ABCDEFGHJKMNPQRSTVWXYZ")}


def id_bytes(text):
    """`dlv_…` to the sixteen bytes under which the store keeps it."""
    value = 0
    for letter in text.split("_", 1)[1]:
        value = value << 5 | _ALPHABET[letter]
    return value.to_bytes(17, "big")[-16:]


class _Rows(list):
    def fetchone(self):
        return self[0] if self else None


class _Postgres:
    """What sqlite3's connection has, as far as it is needed, by a psql that stays: each statement a transaction of its own."""

    ID = "encode(uuid_send(delivery_id), 'hex')"
    _END = "--end--"

    def __init__(self, url):
        self._psql = subprocess.Popen(["psql", "-XqAt", "-F", "\t", url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def execute(self, sql):
        self._psql.stdin.write(f"{sql};\n\\echo {self._END}\n")
        self._psql.stdin.flush()
        rows = _Rows()
        for line in self._psql.stdout:
            if line == self._END + "\n":
                return rows
            rows.append(tuple(int(v) if v.isdigit() and len(v) < 20 else v for v in line.rstrip("\n").split("\t")))
        raise SystemExit("psql ended; its error is above")

    @staticmethod
    def id_of(key):
        return bytes.fromhex(str(key))

    def close(self):
        self._psql.stdin.close()
        self._psql.wait(10)

    def settings(self):
        names = ("server_version", "fsync", "synchronous_commit", "shared_buffers", "max_wal_size", "min_wal_size")
        return {name: self.execute(f"SHOW {name}").fetchone()[0] for name in names}

    def size(self):
        return self.execute("SELECT pg_database_size(current_database())").fetchone()[0]


class _Sqlite(sqlite3.Connection):
    ID = "delivery_id"
    id_of = bytes

    def settings(self):
        return {"journal_mode": self.execute("PRAGMA journal_mode").fetchone()[0], "sqlite": sqlite3.sqlite_version}

    def size(self):
        return self.execute("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()").fetchone()[0]


def connect(database):
    """database: the path of a SQLite file, or a postgresql:// URL."""
    if database.startswith("postgresql://"):
        return _Postgres(database)
    return sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=10, check_same_thread=False, factory=_Sqlite)


class Outcomes:
    def __init__(self, database):
        self._db = connect(database)

    def queue_is_empty(self):
        """Whether every accepted task has its outcome on stable storage: a task leaves the queue in the transaction that
        writes its outcome, and this connection sees committed transactions only."""
        return self._db.execute("SELECT 1 FROM delivery_queue LIMIT 1").fetchone() is None

    def waiting(self):
        return self._db.execute("SELECT count(*) FROM delivery_queue").fetchone()[0]

    def wait_until_empty(self, seconds=600):
        """Returns the wall-clock time at which the queue was seen empty, at most 5 ms late."""
        deadline = time.monotonic() + seconds
        while not self.queue_is_empty():
            if time.monotonic() > deadline:
                raise SystemExit(f"the queue did not empty in {seconds} s")
            time.sleep(0.005)
        return time.time()

    def reconciliation(self):
        """The node's durable counters: (accepted, delivered, failed, cancelled)."""
        return self._db.execute("SELECT accepted, delivered, failed, cancelled FROM counters").fetchone()

    def delivered_rows(self):
        return self._db.execute("SELECT count(*) FROM delivery_logs WHERE status = 4").fetchone()[0]

    def finished_ms(self):
        """{delivery id as bytes: finishedAt}, which the node sets when it takes the outcome into the transaction that stores it"""
        return {self._db.id_of(key): at for key, at in self._db.execute(f"SELECT {self._db.ID}, finished_at FROM delivery_logs")}

    def settings(self):
        return self._db.settings()

    def megabytes(self):
        return round(self._db.size() / 2**20, 1)

    def close(self):
        self._db.close()


def percentile(ordered, share):
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else None


def latencies_ms(requests, finished):
    """Sorted milliseconds from the moment each request was due to its finishedAt. A stored time is a whole
    millisecond, cut off; half of one is added, so the mean is right and no figure is more than half a millisecond out."""
    return sorted(finished[id_bytes(delivery)] + 0.5 - due / 1000 for due, _, _, _, delivery in requests)


class StoredWatcher(threading.Thread):
    """Sees outcomes become visible to another connection, which they are once their transaction is committed: reads the
    durable counter some 1,500 times a second. Costs a few per cent of a core, so it runs in low-rate phases only."""

    def __init__(self, database):
        super().__init__(daemon=True)
        self._database, self._times, self._counts, self._end = database, [], [], threading.Event()

    def run(self):
        db = connect(self._database)
        last = -1
        while not self._end.wait(0.0005):
            count = db.execute("SELECT delivered FROM counters").fetchone()[0]
            if count != last:
                self._times.append(time.time() * 1000)
                self._counts.append(count)
                last = count
        db.close()

    def finish(self):
        time.sleep(0.01)
        self._end.set()
        self.join()

    def latencies_ms(self, requests, finished):
        """As `latencies_ms`, up to the commit. The k-th to finish is taken for the k-th to be stored, which is so but
        for neighbours within one commit, and those were stored at the same moment."""
        ended = sorted((finished[id_bytes(delivery)], due) for due, _, _, _, delivery in requests)
        first = self._counts[0]
        return sorted(self._times[bisect.bisect_left(self._counts, first + k + 1)] - due / 1000 for k, (_, due) in enumerate(ended))
