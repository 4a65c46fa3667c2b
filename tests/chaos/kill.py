# SPDX-License-Identifier: Apache-2.0
"""Nothing accepted is lost: a node that is killed again and again while it accepts and delivers.

Several connections post deliveries, each with an idempotency key, to a node whose receivers fail a third of the time. The
node is killed with SIGKILL at random moments, some of them while it starts. A post that got no answer is repeated
with its key, as a careful client does. At the end, after the queue has drained:
  1. every delivery that was answered 202 has arrived at each of its destinations;
  2. a task has arrived (been answered 200) twice only if it was in flight at a kill: its first arrival is the last
     moment before a kill, its second after it;
  3. a repeated post made no second delivery: a number has one id;
  4. the node's own reconciliation says that nothing is missing, and the database is sound.
With --store postgres the node keeps its data on a PostgreSQL server of the test's own.
"""
import argparse
import collections
import http.client
import json
import pathlib
import random
import sqlite3
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))
import postgres  # noqa: E402
from harness import Client, Node, poll, total  # noqa: E402
from receiver import Receiver, Reply, Reset, Rubbish  # noqa: E402

POLICY = {
    "retry": {"maxAttempts": 100, "initialDelayMs": 30, "multiplier": 2, "maxDelayMs": 300, "jitterFactor": 0.1},
    "breaker": {"failureThreshold": 8, "recoveryTimeoutMs": 200, "halfOpenMaxCalls": 2, "rampUpMs": 300},
    "limits": {"maxConcurrency": 16},
    "disableThreshold": 1000000,
}
# An outcome is committed within this many seconds of the answer, or the task is not "in flight" at the kill.
COMMIT_SECONDS = 1.5


class Flaky:
    """Fails a third of the time, in every way there is; remembers what it took, and when."""

    def __init__(self, rng):
        self.rng = rng
        self.failures = [Reply(503), Reply(500), Reset(), Rubbish()]
        # A receiver that says so is sent less, for a minute or so: often would be a test of patience.
        self.too_many = Reply(429, {"Retry-After": "0"})
        self.arrivals = collections.defaultdict(list)

    async def play(self, request, reader, writer):
        if self.rng.random() < 1 / 5000:
            return await self.too_many.play(request, reader, writer)
        if self.rng.random() < 1 / 3:
            return await self.rng.choice(self.failures).play(request, reader, writer)
        self.arrivals[json.loads(request.body)["data"]["n"], request.path].append(time.monotonic())
        return await Reply(204, body=b"").play(request, reader, writer)


class Poster(threading.Thread):
    """One connection that posts number after number and repeats what was not answered. `stop` lets it finish its number."""

    def __init__(self, chaos, seed):
        super().__init__(daemon=True)
        self.chaos, self.rng = chaos, random.Random(seed)
        self.client, self.error = None, None

    def run(self):
        try:
            while not self.chaos.stop.is_set():
                self.post(self.chaos.next_number())
                time.sleep(0.004)  # the pace of a client, so that the backlog stays small
        except Exception as error:  # noqa: BLE001  shown by the main thread
            self.error = error

    def post(self, n):
        ids = self.rng.sample(self.chaos.destinations, self.rng.choice((1, 1, 1, 2, 3)))
        body = {"destinations": [identifier for identifier, _ in ids],
                "payload": {"type": "data", "data": {"n": n, "text": "x" * self.rng.randrange(400)}},
                "options": {"priority": self.rng.randrange(11)}}
        answer = poll(lambda: self.once(n, body), 60, f"an answer for number {n}")
        self.chaos.acknowledged[n] = (answer["deliveryId"], [path for _, path in ids])

    def once(self, n, body):
        address = self.chaos.node.address  # another one after each start
        if address is None:
            return None
        if self.client is None or self.client.address != address:
            self.client = Client(address, self.chaos.key, timeout=10)
        try:
            answer = self.client.post("/v1/deliveries", body, headers={"Idempotency-Key": f"number-{n}"})
        except (http.client.HTTPException, OSError):
            return None
        if answer.status == 202:
            return answer.json
        # 409: the first try is still being committed; 503: starting or stopping. Both ask to come again.
        assert answer.status in (409, 503), answer
        return None


class Chaos:
    def __init__(self, arguments):
        self.arguments = arguments
        self.rng = random.Random(arguments.seed)
        self.flaky = Flaky(random.Random(arguments.seed + 1))
        self.node = self.make_node()
        self.stop = threading.Event()
        self.lock = threading.Lock()
        self.number = 0
        self.acknowledged, self.kills = {}, []
        self.destinations = []

    def make_node(self):
        return Node(environment={"WAYBILL_LOG_LEVEL": "warning"}, store=self.arguments.store)

    def next_number(self):
        with self.lock:
            self.number += 1
            return self.number

    def client(self):
        return self.node.client(self.key, timeout=10)

    def run(self):
        with Receiver() as receiver:
            receiver.default = self.flaky
            try:
                self.set_up(receiver)
                posters = [Poster(self, self.arguments.seed + 10 + i) for i in range(self.arguments.connections)]
                for poster in posters:
                    poster.start()
                self.disturb()
                self.stop.set()
                for poster in posters:
                    poster.join(120)
                    if poster.error:
                        raise poster.error
                self.drain()
                self.check()
            finally:
                self.node.discard()

    def set_up(self, receiver):
        self.node.start()
        self.key = self.node.operator_key
        client = self.client()
        for i in range(6):
            path = f"/receiver/{i}"
            self.destinations.append((client.destination(receiver.url(path), POLICY, label=path)["id"], path))

    def disturb(self):
        for _ in range(self.arguments.kills):
            self.kill_once()

    def kill_once(self):
        """Most kills meet a node at work, some one that is just starting."""
        time.sleep(self.rng.uniform(0.05, 1.2))  # a random moment is what is wanted here
        self.kills.append(time.monotonic())
        self.node.process.kill()
        self.node.wait()
        if self.rng.random() < 0.2:
            half_started = Node(environment=self.node.environment, data=self.node.data, store="sqlite")
            try:
                threading.Timer(self.rng.uniform(0, 0.25), lambda: half_started.process and half_started.process.kill()).start()
                half_started.start()
            except AssertionError:
                pass
            half_started.process.kill()
            half_started.wait()
            self.kills.append(time.monotonic())
        self.node.start()

    def drain(self):
        """Until the node itself says that nothing waits."""
        client = self.client()

        def empty():
            answer = client.get("/v1/queue")
            assert answer.status == 200, answer
            return answer.json["waiting"] == 0

        poll(empty, 90, "an empty queue", pause=0.1)

    def check(self):
        missing = [(n, path) for n, (_, paths) in self.acknowledged.items() for path in paths
                   if not self.flaky.arrivals.get((n, path))]
        assert not missing, f"{len(missing)} tasks answered 202 never arrived: {sorted(missing)[:20]}"
        duplicates = self.check_duplicates()
        client = self.client()
        unfinished = [n for n, (identifier, _) in self.acknowledged.items()
                      if n % 20 == 0 and client.delivery(identifier)["status"] != "completed"]
        assert not unfinished, f"arrived, but not recorded so: {unfinished[:20]}"
        assert len({identifier for identifier, _ in self.acknowledged.values()}) == len(self.acknowledged)
        numbers = self.metrics()
        assert self.node.stop() == 0
        self.check_database()
        print(f"{len(self.kills)} kills, {len(self.acknowledged)} deliveries answered 202, "
              f"{len(self.flaky.arrivals)} tasks arrived, {duplicates} twice (each in flight at a kill), {numbers}")

    def check_duplicates(self):
        found = 0
        for task, times in self.flaky.arrivals.items():
            for first, second in zip(times, times[1:]):
                found += 1
                between = [kill for kill in self.kills if first - 0.2 <= kill <= second]
                assert between, f"{task} arrived twice, {second - first:.3f} s apart, and no kill between"
                assert between[0] - first < COMMIT_SECONDS, f"{task} arrived again though {between[0] - first:.3f} s before the kill"
        return found

    def metrics(self):
        """The node counts now and then; asked once it has counted the empty queue, and not the one before the first delivery."""
        def counted():
            metrics = self.node.metrics()
            known = "waybill_reconciliation_difference" in metrics
            if not known or total(metrics, "waybill_reconciliation_waiting") != 0:
                return None
            return metrics if total(metrics, "waybill_reconciliation_accepted_total") >= len(self.flaky.arrivals) else None

        metrics = poll(counted, 60, "the reconciliation of an empty queue on /metrics", pause=0.1)
        difference = total(metrics, "waybill_reconciliation_difference")
        assert difference == 0, f"the reconciliation misses {difference} tasks"
        accepted = total(metrics, "waybill_reconciliation_accepted_total")
        assert accepted == total(metrics, "waybill_reconciliation_delivered_total") == len(self.flaky.arrivals), metrics
        return f"reconciliation: accepted {accepted:.0f}, delivered {accepted:.0f}, difference 0"

    def check_database(self):
        if self.arguments.store == "postgres":
            return self.check_postgres(postgres.shared(), "test1")
        with sqlite3.connect(self.node.data / "waybill.db") as database:
            assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)

    @staticmethod
    def check_postgres(server, database):
        """Every index agrees with its table, row for row (contrib's amcheck)."""
        server.sql("CREATE EXTENSION amcheck", database)
        server.sql("SELECT bt_index_check(c.oid, true) FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid "
                   "WHERE c.relkind = 'i' AND c.relnamespace = 'public'::regnamespace AND i.indisvalid", database)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=25)
    parser.add_argument("--store", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--connections", type=int, default=6)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", flush=True)
    Chaos(arguments).run()


if __name__ == "__main__":
    main()
