# SPDX-License-Identifier: Apache-2.0
"""Producers that post while something breaks, and the books that must balance afterwards."""
import http.client
import threading
import time

from harness import poll, total


class Load:
    """with Load(node, [destination]) as load: …break things…; load.settle()

    Several connections post deliveries one after the other, each with an idempotency key; what is refused with 503 is posted
    again with the same key once a moment has passed, as a careful client does. Remembers every 202 and every refusal.
    """

    def __init__(self, node, destinations, connections=4, pace=0.002):
        self.node, self.destinations, self.pace = node, destinations, pace
        self.accepted, self.refused, self.unanswered, self.errors = {}, [], 0, []
        self.lock, self.ending, self.number = threading.Lock(), threading.Event(), 0
        self.threads = [threading.Thread(target=self._run, daemon=True) for _ in range(connections)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self.ending.set()
        for thread in self.threads:
            thread.join(60)

    def _run(self):
        try:
            while not self.ending.is_set():
                with self.lock:
                    self.number += 1
                    number = self.number
                self._post(number)
                time.sleep(self.pace)  # the pace of a producer
        except Exception as error:  # noqa: BLE001  shown by settle()
            self.errors.append(error)

    def _post(self, number):
        client = self.node.client(timeout=60)
        body = {"destinations": self.destinations, "payload": {"type": "data", "data": {"n": number}}}
        while not self.ending.is_set():
            try:
                answer = client.post("/v1/deliveries", body, headers={"Idempotency-Key": f"load-{number}"})
            except (http.client.HTTPException, OSError):
                self.unanswered += 1
                time.sleep(0.05)
                continue
            if answer.status == 202:
                with self.lock:
                    self.accepted[number] = answer.json["deliveryId"]
                return
            # 409: the first try with this key is still under way. 504: a machine that stands still for so long; what
            # became of the request is not known, and the key makes the repetition safe.
            assert answer.status in (503, 409, 504), answer
            if answer.status == 503:
                assert int(answer.headers["Retry-After"]) >= 1, answer.headers
                self.refused.append(answer)
            time.sleep(0.05)

    def goes_on(self, more=20, deadline=30.0):
        """Until so many more were accepted."""
        goal = len(self.accepted) + more
        poll(lambda: self.errors or len(self.accepted) >= goal, deadline, f"{more} more accepted")
        assert not self.errors, self.errors

    def is_refused(self, deadline=60.0):
        """Until producers are told to come back later."""
        before = len(self.refused)
        poll(lambda: self.errors or len(self.refused) > before, deadline, "a refusal")
        assert not self.errors, self.errors

    def settle(self, deadline=60.0):
        """Nothing that was answered 202 is lost: each delivery is there and completed, and the node's own books balance."""
        self.stop()
        assert not self.errors, self.errors
        client = self.node.client()
        poll(lambda: client.get("/v1/queue").json["waiting"] == 0, deadline, "an empty queue", pause=0.05)
        for number, identifier in self.accepted.items():
            view = client.delivery(identifier)
            assert view["status"] == "completed", (number, view)
        ids = list(self.accepted.values())
        assert len(set(ids)) == len(ids), "two posts with different keys became one delivery"
        balance(self.node)


def balance(node, deadline=60.0):
    """The reconciliation of an empty queue on /metrics, which the node counts every few seconds: nothing is missing."""
    def counted():
        metrics = node.metrics()
        known = "waybill_reconciliation_difference" in metrics
        return metrics if known and total(metrics, "waybill_reconciliation_waiting") == 0 else None

    metrics = poll(counted, deadline, "the reconciliation of an empty queue on /metrics", pause=0.1)
    difference = total(metrics, "waybill_reconciliation_difference")
    assert difference == 0, f"the reconciliation misses {difference} tasks"
    return metrics


def readiness(node):
    """(ready, {check: ok}) as /readyz tells it."""
    answer = node.client(timeout=20).get("/readyz")
    assert answer.status == (200 if answer.json["ready"] else 503), answer
    return answer.json["ready"], {check["name"]: check["ok"] for check in answer.json["checks"]}
