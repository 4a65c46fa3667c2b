# SPDX-License-Identifier: Apache-2.0
"""Which delivery goes next and when: priorities that age, schedules, deadlines and ordering keys, as the receiver sees them."""
import datetime
import json
import time
import unittest

from harness import PATIENCE, NodeTest, poll, tasks_of
from receiver import Hang, Receiver, Reply

LATE = 0.5 * PATIENCE
NEVER_OPEN = {"breaker": {"failureThreshold": 100000}, "disableThreshold": 100000}


def instant(after):
    """An RFC 3339 time so many seconds from now, and the same as a number."""
    at = time.time() + after
    text = datetime.datetime.fromtimestamp(at, datetime.timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return text, at


class OrderAndTime(NodeTest):
    environment = {"WAYBILL_QUEUE_PRIORITY_AGEING_MS": "100"}

    def made(self, path, policy=None, *behaviours, **more):
        if behaviours:
            self.receiver.script(path, *behaviours)
        return self.client.destination(self.receiver.url(path), {**NEVER_OPEN, **(policy or {})}, **more)["id"]

    def numbers(self, path):
        """What arrived, in order."""
        return [json.loads(request.body)["data"]["n"] for request in self.receiver.requests(path)]

    def send(self, destination, n, **options):
        return self.client.deliver([destination], {"n": n}, options)["deliveryId"]

    def task(self, identifier):
        return tasks_of(self.client.delivery(identifier))[0]

    def discard(self, destination):
        answer = self.client.post("/v1/dead-letters/discard", {"destinationId": destination})
        self.assertLess(answer.status, 300, answer)

    # ---- priority

    def test_a_higher_priority_goes_first_and_waiting_outweighs_it(self):
        hang = Hang()
        destination = self.made("/priority", {"limits": {"maxConcurrency": 1}}, hang, Reply(200))
        self.send(destination, 0)
        poll(lambda: self.numbers("/priority") == [0], what="the first attempt")
        low = self.send(destination, 1, priority=0)
        self.send(destination, 2, priority=5)
        # Ten steps of ageing later the lowest priority goes before the highest.
        time_of_low = time.monotonic()
        poll(lambda: time.monotonic() - time_of_low > 1.2, what="ten ageing steps")
        last = [self.send(destination, n, priority=10) for n in (3, 4)]
        hang.release()
        for identifier in [low, *last]:
            self.client.wait_delivery(identifier, "completed")
        self.assertEqual(self.numbers("/priority"), [0, 2, 1, 3, 4])

    # ---- scheduledAt

    def test_a_scheduled_delivery_goes_at_its_time(self):
        destination = self.made("/scheduled")
        text, at = instant(1.5)
        early = self.send(destination, 1, scheduledAt=text)
        self.assertEqual(self.task(early)["nextAttemptAt"], text)
        past, _ = instant(-3600)
        self.client.wait_delivery(self.send(destination, 2, scheduledAt=past), "completed")
        self.client.wait_delivery(early, "completed")
        self.assertEqual(self.numbers("/scheduled"), [2, 1])
        arrived = self.receiver.requests("/scheduled")[1].wall
        self.assertGreaterEqual(arrived, at - 0.01)
        self.assertLessEqual(arrived, at + 0.1 * PATIENCE + 0.05)

    def test_a_scheduled_delivery_can_be_cancelled(self):
        destination = self.made("/cancelled")
        text, _ = instant(0.7)
        identifier = self.send(destination, 1, scheduledAt=text)
        self.assertEqual(self.client.post(f"/v1/deliveries/{identifier}/cancel").status, 200)
        later, _ = instant(0.9)
        self.client.wait_delivery(self.send(destination, 2, scheduledAt=later), "completed")
        self.assertEqual(self.numbers("/cancelled"), [2])

    def test_times_that_do_not_fit_are_refused_with_the_field(self):
        destination = self.made("/refused")
        far, _ = instant(400 * 86400)
        soon, _ = instant(60)
        for options, pointer in (({"scheduledAt": far}, "/options/scheduledAt"),
                                 ({"scheduledAt": soon, "deliverWithinMs": 1000}, "/options/deliverWithinMs"),
                                 ({"scheduledAt": "tomorrow"}, "/options/scheduledAt")):
            answer = self.client.post("/v1/deliveries", {"destinations": [destination], "payload": {"type": "data", "data": 1}, "options": options})
            self.assert_problem(answer, 400, pointer=pointer)

    # ---- deliverWithinMs

    def assert_timed_out(self, identifier, began, within):
        self.client.wait_delivery(identifier, "failed", 10)
        took = time.monotonic() - began
        task = self.task(identifier)
        self.assertEqual((task["status"], task["category"]), ("failed", "timeout"), task)
        self.assertGreaterEqual(took, within - 0.01)
        self.assertLessEqual(took, within + LATE + 0.3)

    def test_the_deadline_ends_what_waits_behind_a_disabled_destination(self):
        destination = self.made("/disabled")
        self.assertEqual(self.client.post(f"/v1/destinations/{destination}/disable").status, 200)
        began = time.monotonic()
        identifier = self.send(destination, 1, deliverWithinMs=800)
        self.assertEqual(self.task(identifier)["status"], "parked")
        self.assert_timed_out(identifier, began, 0.8)
        self.assertEqual(self.numbers("/disabled"), [])

    def test_the_deadline_ends_what_waits_behind_a_destination_that_hangs_and_the_attempt_itself(self):
        hang = Hang()
        self.addCleanup(hang.release)
        destination = self.made("/hangs", {"limits": {"maxConcurrency": 1}}, hang)
        began = time.monotonic()
        tried = self.send(destination, 1, deliverWithinMs=1200)
        behind = self.send(destination, 2, deliverWithinMs=700)
        self.assert_timed_out(behind, began, 0.7)
        self.assert_timed_out(tried, began, 1.2)
        self.assertEqual(self.numbers("/hangs"), [1])
        self.assertEqual((self.task(tried)["attempts"], self.task(behind)["attempts"]), (1, 0))

    def test_a_redriven_delivery_has_its_time_again(self):
        destination = self.made("/again")
        self.client.post(f"/v1/destinations/{destination}/disable")
        identifier = self.send(destination, 1, deliverWithinMs=300)
        self.client.wait_delivery(identifier, "failed")
        self.client.post(f"/v1/destinations/{destination}/enable")
        self.assertLess(self.client.post(f"/v1/deliveries/{identifier}/retry").status, 300)
        self.client.wait_delivery(identifier, "completed")
        self.assertEqual(self.numbers("/again"), [1])

    # ---- orderingKey

    def test_deliveries_of_a_key_arrive_in_order_one_at_a_time_and_others_beside_them(self):
        destination = self.made("/keyed", {"limits": {"maxConcurrency": 20}})
        sent = [self.send(destination, n, orderingKey=f"key-{n % 3}") for n in range(120)]
        free = [self.send(destination, 1000 + n) for n in range(5)]
        for identifier in sent + free:
            self.client.wait_delivery(identifier, "completed", 60)
        numbers = self.numbers("/keyed")
        for key in range(3):
            self.assertEqual([n for n in numbers if n < 1000 and n % 3 == key], list(range(key, 120, 3)))

    def test_a_first_that_hangs_holds_its_key_only(self):
        hang = Hang()
        self.addCleanup(hang.release)
        destination = self.made("/holds", None, hang, Reply(200))
        first, second = (self.send(destination, n, orderingKey="a") for n in (1, 2))
        poll(lambda: self.numbers("/holds") == [1], what="the first attempt")
        other, none = self.send(destination, 3, orderingKey="b"), self.send(destination, 4)
        for identifier in (other, none):
            self.client.wait_delivery(identifier, "completed")
        self.assertEqual(self.task(second)["status"], "pending")
        hang.release()
        self.client.wait_delivery(second, "completed")
        self.assertEqual(self.numbers("/holds")[-1], 2)
        self.client.wait_delivery(first, "completed")

    def retried(self, path, on_failure, attempts=2):
        return self.made(path, {"retry": {"maxAttempts": attempts, "initialDelayMs": 500, "jitterFactor": 0},
                                "ordering": {"onFailure": on_failure}}, *([Reply(503)] * attempts), Reply(200))

    def test_block_waits_for_the_retry_and_goes_on_after_a_dead_letter(self):
        destination = self.retried("/block", "block")
        first, second = (self.send(destination, n, orderingKey="k") for n in (1, 2))
        self.client.wait_delivery(second, "completed")
        self.assertEqual(self.numbers("/block"), [1, 1, 2])
        self.assertEqual(self.task(first)["status"], "failed")

    def test_skip_lets_the_others_pass_a_retry(self):
        destination = self.made("/skip", {"retry": {"maxAttempts": 3, "initialDelayMs": 700, "jitterFactor": 0},
                                          "ordering": {"onFailure": "skip"}}, Reply(503), Reply(200))
        first, second, third = (self.send(destination, n, orderingKey="k") for n in (1, 2, 3))
        for identifier in (first, second, third):
            self.client.wait_delivery(identifier, "completed")
        self.assertEqual(self.numbers("/skip"), [1, 2, 3, 1])

    def test_park_holds_the_key_until_the_dead_letter_is_redriven_and_delivered(self):
        destination = self.retried("/park", "park")
        first, second, third = (self.send(destination, n, orderingKey="k") for n in (1, 2, 3))
        self.client.wait_delivery(first, "failed")
        other = self.send(destination, 4, orderingKey="other")
        self.client.wait_delivery(other, "completed")
        self.assertEqual([self.task(each)["status"] for each in (second, third)], ["parked", "parked"])
        self.assertEqual(self.numbers("/park"), [1, 1, 4])
        self.assertLess(self.client.post(f"/v1/deliveries/{first}/retry").status, 300)
        for identifier in (first, second, third):
            self.client.wait_delivery(identifier, "completed")
        self.assertEqual(self.numbers("/park"), [1, 1, 4, 1, 2, 3])

    def test_the_end_of_parking_by_policy_lets_the_key_go(self):
        destination = self.retried("/policy", "park")
        first, second = (self.send(destination, n, orderingKey="k") for n in (1, 2))
        self.client.wait_delivery(first, "failed")
        self.assertEqual(self.task(second)["status"], "parked")
        changed = self.client.patch(f"/v1/destinations/{destination}", {"policy": {"ordering": {"onFailure": "block"}}})
        self.assertEqual(changed.status, 200, changed)
        self.assertEqual(changed.json["policy"]["ordering"], {"onFailure": "block"})
        self.client.wait_delivery(second, "completed")

    def test_an_unknown_ordering_policy_is_refused_with_the_field(self):
        answer = self.client.post("/v1/destinations", {"type": "webhook", "label": "x", "config": {"url": self.receiver.url("/x")},
                                                       "policy": {"ordering": {"onFailure": "explode"}}})
        self.assert_problem(answer, 400, pointer="/policy/ordering/onFailure")


class OverAKill(NodeTest):
    def test_keys_schedules_and_deadlines_hold_over_a_kill(self):
        hang = Hang()
        self.receiver.script("/kill", hang)
        destination = self.client.destination(self.receiver.url("/kill"), NEVER_OPEN)["id"]

        def send(n, **options):
            return self.client.deliver([destination], {"n": n}, options)["deliveryId"]

        keyed = [send(n, orderingKey="k") for n in range(50)]
        text, at = instant(3)
        scheduled = send(100, scheduledAt=text)
        late, accepted = send(200, orderingKey="k", deliverWithinMs=300), time.monotonic()
        poll(lambda: len(self.receiver.requests("/kill")) == 1, what="the first attempt")
        self.node.kill()
        self.receiver.script("/kill", Reply(200))
        hang.release()
        poll(lambda: time.monotonic() - accepted > 0.35, what="the deadline, while no node runs")
        self.node.start()
        type(self).client = self.node.client()
        for identifier in [*keyed, scheduled]:
            self.client.wait_delivery(identifier, "completed", 30)
        self.client.wait_delivery(late, "failed", 10)
        arrived = [json.loads(request.body)["data"]["n"] for request in self.receiver.requests("/kill")]
        self.assertEqual([n for n in arrived if n < 100], [0, *range(50)])
        self.assertEqual((arrived.count(100), arrived.count(200)), (1, 0))
        self.assertGreaterEqual(self.receiver.requests("/kill")[arrived.index(100)].wall, at - 0.01)


if __name__ == "__main__":
    unittest.main()
