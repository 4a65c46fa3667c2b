# SPDX-License-Identifier: Apache-2.0
"""Reads the outcomes where they are kept: the node's SQLite file, opened read-only."""
import sqlite3
import time

_ALPHABET = {c: i for i, c in enumerate("0123456789ABCDEFGHJKMNPQRSTVWXYZ")}


def id_bytes(text):
    """`dlv_…` to the sixteen bytes under which the store keeps it."""
    value = 0
    for letter in text.split("_", 1)[1]:
        value = value << 5 | _ALPHABET[letter]
    return value.to_bytes(17, "big")[-16:]


class Outcomes:
    def __init__(self, database):
        self._db = sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=10)

    def queue_is_empty(self):
        """Whether every accepted task has its outcome on stable storage: a task leaves the queue in the transaction that
        writes its outcome, and this connection sees committed transactions only."""
        return self._db.execute("SELECT 1 FROM delivery_queue LIMIT 1").fetchone() is None

    def wait_until_empty(self, seconds=600):
        """Returns the wall-clock time at which the queue was seen empty, at most 5 ms late."""
        deadline = time.monotonic() + seconds
        while not self.queue_is_empty():
            if time.monotonic() > deadline:
                raise SystemExit(f"the queue did not empty in {seconds} s")
            time.sleep(0.005)
        return time.time()

    def counts(self):
        rows = self._db.execute("SELECT status, count(*) FROM delivery_logs GROUP BY status").fetchall()
        return {status: number for status, number in rows}

    def finished_ms(self):
        """{delivery id as bytes: milliseconds since 1970 at which its last attempt ended}"""
        return {bytes(key): at for key, at in self._db.execute("SELECT delivery_id, finished_at FROM delivery_logs")}

    def settings(self):
        return {"journal_mode": self._db.execute("PRAGMA journal_mode").fetchone()[0], "sqlite": sqlite3.sqlite_version}

    def close(self):
        self._db.close()


def percentile(ordered, share):
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else None


def latencies_ms(requests, finished):
    """Sorted milliseconds from the moment each request was due to the end of its last attempt. A stored time is a whole
    millisecond, cut off; half of one is added, so the mean is right and no figure is more than half a millisecond out."""
    return sorted(finished[id_bytes(delivery)] + 0.5 - due / 1000 for due, _, _, _, delivery in requests)
