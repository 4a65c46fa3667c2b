# SPDX-License-Identifier: Apache-2.0
"""Pressure as receivers and clients meet it: refusals that are heeded, recoveries that are no stampede, shares, full queues."""
import asyncio
import collections
import concurrent.futures
import re
import threading
import time
import unittest

from harness import NodeTest, poll, total
from receiver import Reply

QUICK = {"maxAttempts": 100, "initialDelayMs": 100, "multiplier": 1, "maxDelayMs": 100, "jitterFactor": 0.1}


class Limited:
    """Takes so many requests in every second of the wall clock and refuses the others."""

    def __init__(self, per_second):
        self.per_second, self.taken, self.refused = per_second, collections.Counter(), 0

    async def play(self, request, reader, writer):
        second = int(request.wall)
        if self.taken[second] >= self.per_second:
            self.refused += 1
            return await Reply(429).play(request, reader, writer)
        self.taken[second] += 1
        return await Reply(200).play(request, reader, writer)


class Counted:
    """Takes its time for every answer and counts how many it has at once."""

    def __init__(self, seconds):
        self.seconds, self.now, self.most = seconds, 0, 0

    async def play(self, request, reader, writer):
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(self.seconds)
        self.now -= 1
        return await Reply(200).play(request, reader, writer)


def deliver_many(node, key, destination, count, threads=8):
    """Numbered from 0; in order of acceptance only with one thread."""
    def some(first):
        client = node.client(key)
        return [client.deliver([destination], {"n": n})["deliveryId"] for n in range(first, count, threads)]

    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        return [identifier for part in pool.map(some, range(threads)) for identifier in part]


class Pressure(NodeTest):
    def queue(self, destination):
        return self.client.get(f"/v1/destinations/{destination}/queue").json

    def test_a_receiver_that_refuses_is_served_as_fast_as_it_takes(self):
        limited = Limited(20)
        destination = self.client.destination(self.receiver.script("/limited", limited), {"retry": QUICK})["id"]
        deliver_many(self.node, self.node.operator_key, destination, 120)
        shown = poll(lambda: (q := self.queue(destination)).get("pace", {}).get("reduced") and q, what="a reduced pace")
        self.assertTrue(shown["pace"]["ratePerSecond"], shown)
        self.assertEqual(total(self.node.metrics(), "waybill_destinations_reduced"), 1)
        poll(lambda: self.queue(destination)["waiting"] == 0, 60, "all of them delivered")
        self.assertEqual(sum(limited.taken.values()), 120)
        # Left alone, ten at once would have been refused over and over again.
        self.assertLess(limited.refused, 60)
        lag = self.client.get("/v1/queue").json["retryLag"]
        self.assertGreater(lag["retries"], 0)
        self.assertGreater(total(self.node.metrics(), "waybill_retry_lag_seconds_count"), 0)

    def test_what_was_parked_is_let_go_in_order_and_by_and_by(self):
        counted = Counted(0.004)
        destination = self.client.destination(self.receiver.script("/parked", counted), {
            "limits": {"maxConcurrency": 16}, "breaker": {"rampUpMs": 10_000}})["id"]
        self.client.post(f"/v1/destinations/{destination}/disable", {"reason": "test"})
        deliver_many(self.node, self.node.operator_key, destination, 500, threads=1)
        self.assertEqual(self.queue(destination)["parked"], 500)
        self.assertEqual(self.client.get("/v1/queue").json["parked"], 500)
        self.assertGreaterEqual(total(self.node.metrics(), "waybill_queue_parked"), 500)
        self.assertEqual(self.receiver.requests("/parked"), [])
        begun = time.monotonic()
        self.client.post(f"/v1/destinations/{destination}/enable")
        poll(lambda: self.queue(destination).get("pace", {}).get("recovering"), what="a recovery")
        poll(lambda: len(self.receiver.requests("/parked")) == 500, 60, "all that was parked")
        requests = self.receiver.requests("/parked")
        # Steps of one second: 10 a second, then twice as many each. One more for the edge of a step.
        for step, allowed in ((1, 10), (2, 30), (3, 70), (4, 150)):
            sent = sum(1 for r in requests if r.at - begun < step)
            self.assertLessEqual(sent, allowed + step, f"{sent} in the first {step} s")
        order = [int(re.search(rb'"n":\s*(\d+)', r.body).group(1)) for r in requests]
        self.assertEqual(order[:10], list(range(10)))
        # Several are on their way at once and may overtake each other by as many.
        self.assertLessEqual(max(abs(place - n) for place, n in enumerate(order)), 16)
        self.assertLessEqual(counted.most, 16)
        self.assertEqual(self.client.get("/v1/queue").json["parked"], 0)

    def test_a_breaker_that_closes_begins_slowly(self):
        destination = self.client.destination(self.receiver.script("/closes", Reply(503)), {
            "retry": QUICK, "disableThreshold": 1000, "limits": {"maxConcurrency": 50},
            "breaker": {"failureThreshold": 3, "recoveryTimeoutMs": 1500, "halfOpenMaxCalls": 1, "rampUpMs": 10_000}})["id"]
        deliver_many(self.node, self.node.operator_key, destination, 100)
        poll(lambda: self.queue(destination)["parked"] == 100, what="an open breaker")
        before = len(self.receiver.requests("/closes"))
        self.receiver.script("/closes", Reply(200))
        poll(lambda: len(self.receiver.requests("/closes")) >= before + 100, 60, "all of them")
        times = [r.at for r in self.receiver.requests("/closes")][before:]
        self.assertLessEqual(sum(1 for t in times if t - times[0] < 1), 13)
        self.assertGreater(times[-1] - times[0], 2.5)


class Shares(NodeTest):
    environment = {"WAYBILL_QUEUE_MAX_IN_FLIGHT": "12"}

    def test_places_are_shared_by_weight_and_an_organization_alone_has_all(self):
        flooding, flood = self.new_organization("flood")
        weighty, heavy = self.new_organization("heavy")
        changed = self.client.patch(f"/v1/organizations/{weighty}", {"policy": {"limits": {"weight": 3}}})
        self.assertEqual(changed.status, 200, changed)
        counted = {name: Counted(0.05) for name in ("flood", "heavy")}
        to = {}
        for name, client in (("flood", flood), ("heavy", heavy)):
            url = self.receiver.script(f"/{name}", counted[name])
            to[name] = client.destination(url, {"limits": {"maxConcurrency": 100}})["id"]
        deliver_many(self.node, flood.key, to["flood"], 600)
        poll(lambda: counted["flood"].now >= 11, what="every place with the one that is alone")
        deliver_many(self.node, heavy.key, to["heavy"], 400)
        samples = []
        end = time.monotonic() + 1.5
        while time.monotonic() < end:
            samples.append((counted["flood"].now, counted["heavy"].now))
            time.sleep(0.01)
        mean = [sum(each) / len(samples) for each in zip(*samples)]
        self.assertGreater(mean[1], 1.8 * mean[0], mean)
        self.assertGreater(mean[0], 1, mean)
        node = self.client.get("/v1/queue").json["node"]
        self.assertEqual(node["maxInFlight"], 12)
        self.assertLessEqual(node["inFlight"], 14)
        self.assertEqual({o["organizationId"] for o in node["organizations"]} & {flooding, weighty}, {flooding, weighty})
        self.assertIn(f'organization="{flooding}"', self.node.metrics()["waybill_organization_waiting"])
        self.assertNotIn("node", flood.get("/v1/queue").json)
        poll(lambda: all(c.get("/v1/queue").json["waiting"] == 0 for c in (flood, heavy)), 60, "an empty queue")

    def test_only_the_operator_sets_a_weight_and_only_for_an_organization(self):
        organization, client = self.new_organization("other")
        refused = client.patch(f"/v1/organizations/{organization}", {"policy": {"limits": {"weight": 9}}})
        self.assertEqual(refused.status, 403)
        body = {"type": "webhook", "label": "x", "config": {"url": self.receiver.url("/x")}, "policy": {"limits": {"weight": 9}}}
        self.assert_problem(client.post("/v1/destinations", body), 400, "VALIDATION_ERROR", "/policy/limits/weight")


class FullQueue(NodeTest):
    environment = {"WAYBILL_QUEUE_MAX_WAITING": "30", "WAYBILL_QUEUE_MAX_WAITING_PER_ORGANIZATION": "20"}

    def fill(self, client, destination):
        """Delivers until it is refused; how many were accepted."""
        accepted = 0
        while True:
            answer = client.post("/v1/deliveries", {"destinations": [destination], "payload": {"type": "data", "data": accepted}})
            if answer.status != 202:
                self.assert_problem(answer, 503, "QUEUE_FULL")
                self.assertGreaterEqual(int(answer.headers["Retry-After"]), 1)
                return accepted
            accepted += 1
            self.assertLess(accepted, 100)

    def test_limits_of_organization_and_node_hold_over_a_restart_and_stop_no_retry(self):
        few, first = self.new_organization("few")
        _, second = self.new_organization("second")
        self.client.patch(f"/v1/organizations/{few}", {"policy": {"limits": {"maxWaiting": 4}}})
        failing = first.destination(self.receiver.script("/fails", Reply(500)), {"retry": {"maxAttempts": 1}})["id"]
        dead = first.deliver([failing])["deliveryId"]
        first.wait_delivery(dead, "failed")
        parked = {}
        for client in (first, second, self.client):
            parked[client] = client.destination(self.receiver.url("/never"))["id"]
            client.post(f"/v1/destinations/{parked[client]}/disable", {"reason": "test"})
        self.assertEqual(self.fill(first, parked[first]), 4)
        self.assertEqual(first.get("/v1/queue").json["maxWaiting"], 4)
        self.assertEqual(self.fill(second, parked[second]), 20)
        self.assertEqual(self.fill(self.client, parked[self.client]), 6)
        self.assertEqual(total(self.node.metrics(), "waybill_queue_waiting"), 30)
        # Never refused: what was accepted once.
        self.receiver.script("/fails", Reply(200))
        self.assertEqual(first.post(f"/v1/deliveries/{dead}/retry").status, 202)
        first.wait_delivery(dead, "completed")
        self.assertEqual(self.node.stop(), 0)
        self.node.start()
        for client in (first, second, self.client):
            client.close()
            client.address = self.node.address
            self.assertEqual(self.fill(client, parked[client]), 0)
        waiting = second.get("/v1/deliveries?limit=1").json["data"][0]
        identifier = waiting.get("deliveryId") or waiting["id"]
        self.assertEqual(second.post(f"/v1/deliveries/{identifier}/cancel").status, 200)
        self.assertEqual(self.fill(second, parked[second]), 1)
        self.assertEqual(total(self.node.metrics(), "waybill_reconciliation_difference"), 0)

    def test_many_at_once_do_not_overrun_the_limit(self):
        _, crowd = self.new_organization("crowd")
        answers, lock = [], threading.Lock()
        unknown = crowd.destination(self.receiver.url("/never"))["id"]
        crowd.post(f"/v1/destinations/{unknown}/disable", {"reason": "test"})

        def one(n):
            answer = self.node.client(crowd.key).post("/v1/deliveries", {"destinations": [unknown], "payload": {"type": "data", "data": n}})
            with lock:
                answers.append(answer.status)

        room = 30 - int(total(self.node.metrics(), "waybill_queue_waiting"))
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            list(pool.map(one, range(64)))
        self.assertEqual(answers.count(202), min(room, 20), answers)
        self.assertEqual(answers.count(503), 64 - answers.count(202))
        crowd.delete(f"/v1/destinations/{unknown}")
        self.assertEqual(crowd.get("/v1/queue").json["waiting"], 0)


if __name__ == "__main__":
    unittest.main()
