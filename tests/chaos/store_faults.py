# SPDX-License-Identifier: Apache-2.0
"""Nothing accepted is lost while the store or the clock fails under a node at work.

As kill.py, but the node lives on and what it stands on breaks, again and again, at random moments:
  crash   PostgreSQL is stopped with -m immediate, which is its crash, and started again
  cut     the network between node and server resets every connection and refuses new ones
  frozen  the network swallows everything for a while
  full    the disk under the server's tables is full for a while
  clock   the node's clock steps back by up to an hour and ahead by up to ten seconds, and is set right again (either store).
          What was dated by a clock that was ahead is due when the right one gets there: hence only seconds
A node that was never killed delivers nothing twice: an outcome it has seen is kept until the store takes it.
"""
import argparse
import os
import pathlib
import random
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))
from harness import Node, poll  # noqa: E402
from kill import Chaos  # noqa: E402
from load import readiness  # noqa: E402
from postgres import Network, Postgres, SmallDisk  # noqa: E402

LIBFAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"


class StoreFaults(Chaos):
    def make_node(self):
        return Node(environment={"WAYBILL_LOG_LEVEL": "warning", **self.environment()}, store=self.store())

    def environment(self):
        return {}

    def store(self):
        raise NotImplementedError

    def disturb(self):
        for _ in range(self.arguments.rounds):
            time.sleep(self.rng.uniform(0.2, 1.0))  # a random moment is what is wanted here
            self.fault()
            time.sleep(self.rng.uniform(0.1, 1.0))
            self.heal()
            reached = len(self.acknowledged) + 20
            poll(lambda: len(self.acknowledged) >= reached, 60, "service after the fault")
        poll(lambda: readiness(self.node)[0], 60, "a ready node")

    def check_database(self):
        self.check_postgres(self.server, "test1")

    def discard(self):
        pass


class OnPostgres(StoreFaults):
    """A server across a network, its tables on a small disk and its log on another."""

    def store(self):
        # All is made here: the node needs the URL, and the server must be started from the main thread.
        self.disks = [SmallDisk(200), SmallDisk(600)]
        self.server = Postgres("fsync = on", "full_page_writes = on", "max_wal_size = 192MB", "synchronous_commit = off", tcp=True,
                               folder=self.disks[0].path / "pg", wal_disk=self.disks[1]).__enter__()
        self.network = Network(self.server.port).__enter__()
        self.server.new_database()
        return self.server.tcp_url("test1", self.network.port)

    def environment(self):
        return {"WAYBILL_STORE_STATEMENT_TIMEOUT_MS": "1000"} if "frozen" in self.arguments.faults else {}

    def fault(self):
        self.current = self.rng.choice(self.arguments.faults)
        if self.current == "crash":
            self.server.stop("immediate")
        elif self.current == "cut":
            self.network.cut()
        elif self.current == "frozen":
            self.network.freeze()
        else:
            self.disks[0].fill()

    def heal(self):
        if self.current == "crash":
            self.server.start()
        self.disks[0].give_back()
        self.network.heal()

    def discard(self):
        self.network.__exit__()
        self.server.__exit__()
        for disk in self.disks:
            disk.discard()


class OnABadClock(StoreFaults):
    def environment(self):
        handle, path = tempfile.mkstemp(prefix="waybill-clock-")
        os.close(handle)
        self.clock = pathlib.Path(path)
        self.set_clock(0)
        return {"LD_PRELOAD": LIBFAKETIME, "FAKETIME_TIMESTAMP_FILE": path, "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}

    def store(self):
        return self.arguments.store

    def set_clock(self, seconds):
        self.clock.write_text(f"{seconds:+d}s\n")

    def fault(self):
        self.set_clock(self.rng.choice((-3600, -60, -3, 3, 10)))

    def heal(self):
        self.set_clock(0)

    def check_database(self):
        Chaos.check_database(self)

    def discard(self):
        self.clock.unlink()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("faults", nargs="+", choices=("crash", "cut", "frozen", "full", "clock"))
    parser.add_argument("--store", choices=("sqlite", "postgres"), default="postgres", help="of the faults of the clock")
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--connections", type=int, default=6)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", flush=True)
    chaos = (OnABadClock if arguments.faults == ["clock"] else OnPostgres)(arguments)
    try:
        chaos.run()
    finally:
        chaos.discard()


if __name__ == "__main__":
    main()
