# SPDX-License-Identifier: Apache-2.0
"""Retries and the circuit breaker as the receiver sees them: when attempts come, and when they stop."""
import unittest

from harness import PATIENCE, NodeTest, poll, tasks_of
from receiver import Hang, Reply, Reset, Rubbish

# How late an attempt may be on a busy machine. Too early is never allowed.
LATE = 0.5 * PATIENCE
CLOCK = 0.005  # two clocks are compared: ours and the node's


def retry(attempts=10, initial=200, multiplier=2, maximum=1000, jitter=0.1):
    return {"maxAttempts": attempts, "initialDelayMs": initial, "multiplier": multiplier, "maxDelayMs": maximum, "jitterFactor": jitter}


class RetryAndBreaker(NodeTest):
    def send(self, path, script, policy, config=None, status="completed", deadline=20):
        """Delivers one thing to a scripted receiver; the gaps between its attempts in seconds, and the delivery at its end."""
        url = self.receiver.script(path, *script)
        destination = self.client.destination(url, {"disableThreshold": 1000, **policy}, config)
        receipt = self.client.deliver([destination["id"]])
        view = self.client.wait_delivery(receipt["deliveryId"], status, deadline)
        times = [request.at for request in self.receiver.requests(path)]
        return [b - a for a, b in zip(times, times[1:])], view, destination

    def assert_gaps(self, gaps, expected, jitter=0.1):
        self.assertEqual(len(gaps), len(expected), gaps)
        for gap, want in zip(gaps, expected):
            self.assertGreaterEqual(gap, want * (1 - jitter) - CLOCK, gaps)
            self.assertLessEqual(gap, want * (1 + jitter) + LATE, gaps)

    def test_attempts_follow_the_backoff_within_its_jitter(self):
        gaps, view, _ = self.send("/backoff", [Reply(503)] * 4 + [Reply(200)], {"retry": retry()})
        self.assert_gaps(gaps, [0.2, 0.4, 0.8, 1.0])
        self.assertEqual(tasks_of(view)[0]["attempts"], 5)

    def test_a_schedule_replaces_the_formula_and_its_last_entry_repeats(self):
        gaps, _, _ = self.send("/schedule", [Reply(500)] * 4 + [Reply(200)],
                               {"retry": {"scheduleMs": [100, 500, 250], "jitterFactor": 0}})
        self.assert_gaps(gaps, [0.1, 0.5, 0.25, 0.25], jitter=0)

    def test_retry_after_is_honoured(self):
        gaps, _, _ = self.send("/retry-after", [Reply(503, {"Retry-After": "1"}), Reply(429, {"Retry-After": "1"}), Reply(200)],
                               {"retry": retry(initial=20, maximum=5000)})
        self.assert_gaps(gaps, [1.0, 1.0])

    def test_retry_after_is_capped_by_the_longest_delay(self):
        gaps, _, _ = self.send("/retry-after-long", [Reply(503, {"Retry-After": "86400"}), Reply(200)],
                               {"retry": retry(initial=20, maximum=400)})
        self.assert_gaps(gaps, [0.4])

    def test_a_receiver_that_hangs_resets_and_talks_rubbish_is_tried_again(self):
        gaps, view, _ = self.send("/everything", [Hang(), Reset(), Rubbish(), Rubbish(b""), Reply(302, {"Location": "/x"}), Reply(200)],
                                  {"retry": retry(initial=50, maximum=50)}, {"timeoutMs": 1000, "nonRetryableStatus": []})
        self.assertEqual(len(gaps), 5, gaps)
        self.assertGreaterEqual(gaps[0], 1.0 - CLOCK)
        self.assertEqual(tasks_of(view)[0]["status"], "delivered")

    def test_attempts_are_used_up_then_it_is_a_dead_letter(self):
        gaps, view, destination = self.send("/never", [Reply(500)], {"retry": retry(attempts=3, initial=50)}, status="failed")
        self.assertEqual(len(gaps), 2)
        self.assertEqual(tasks_of(view)[0]["status"], "failed")
        letters = self.client.get(f"/v1/dead-letters?destinationId={destination['id']}").json["data"]
        self.assertEqual(len(letters), 1)

    def test_the_clock_bounds_the_whole(self):
        url = self.receiver.script("/deadline", Reply(503))
        destination = self.client.destination(url, {"retry": retry(attempts=100, initial=100, maximum=100), "breaker": {"failureThreshold": 1000}})
        receipt = self.client.deliver([destination["id"]], options={"deliverWithinMs": 700})
        self.client.wait_delivery(receipt["deliveryId"], "failed", 10)
        times = [request.at for request in self.receiver.requests("/deadline")]
        self.assertLessEqual(times[-1] - times[0], 0.7 + LATE)
        self.assertGreater(len(times), 3)

    def test_a_refusal_for_good_is_not_tried_again(self):
        gaps, view, _ = self.send("/refused", [Reply(422), Reply(200)], {"retry": retry(initial=20)}, {"nonRetryableStatus": [422]}, "failed")
        self.assertEqual(gaps, [])
        self.assertEqual(tasks_of(view)[0]["status"], "failed")

    def test_410_disables_the_destination_and_parks_what_comes_after(self):
        url = self.receiver.script("/gone", Reply(410))
        destination = self.client.destination(url, {"retry": retry(initial=50)})["id"]
        self.client.deliver([destination])
        shown = poll(lambda: self.state(destination, "disabled"), what="the destination disabled")
        self.assertTrue(shown["disabledReason"], shown)
        self.assertEqual(self.client.health(destination)["status"], "disabled")
        parked = self.client.deliver([destination], {"after": True})
        self.assertEqual(self.only_task(parked)["status"], "parked")
        before = len(self.receiver.requests("/gone"))
        self.receiver.script("/gone", Reply(200))
        self.assertEqual(self.client.post(f"/v1/destinations/{destination}/enable").status, 200)
        self.client.wait_delivery(parked["deliveryId"], "completed")
        self.assertGreater(len(self.receiver.requests("/gone")), before)

    def test_an_open_breaker_parks_costs_no_attempts_and_closes_when_the_receiver_is_back(self):
        url = self.receiver.script("/breaker", Reply(503))
        destination = self.client.destination(url, {
            "retry": retry(attempts=6, initial=30, maximum=30), "disableThreshold": 1000,
            "breaker": {"failureThreshold": 3, "recoveryTimeoutMs": 800, "halfOpenMaxCalls": 1}})["id"]
        receipt = self.client.deliver([destination])
        health = poll(lambda: self.breaker(destination, "open"), what="an open breaker")
        self.assertTrue(health["openedAt"] and health["nextAttemptAt"], health)
        self.assertEqual(self.only_task(receipt)["status"], "parked")
        more = [self.client.deliver([destination], {"n": n}) for n in range(5)]
        times = poll(lambda: self.seen("/breaker", 4), what="the half-open attempt")
        self.assert_gaps([times[3] - times[2]], [0.8], jitter=0)
        # It failed: open again, with the time doubled.
        times = poll(lambda: self.seen("/breaker", 5), what="the second half-open attempt")
        self.assert_gaps([times[4] - times[3]], [1.6], jitter=0)
        self.receiver.script("/breaker", Reply(200))
        for each in [receipt, *more]:
            self.client.wait_delivery(each["deliveryId"], "completed", 20)
        self.assertTrue(self.breaker(destination, "closed"))
        self.assertLessEqual(self.only_task(receipt)["attempts"], 6)

    def test_a_destination_that_always_fails_is_disabled_and_enabled_again_without_loss(self):
        url = self.receiver.script("/disabled", Reply(500))
        destination = self.client.destination(url, {"retry": retry(attempts=100, initial=10, maximum=10), "disableThreshold": 6,
                                                    "breaker": {"failureThreshold": 100}})["id"]
        receipts = [self.client.deliver([destination], {"n": n}) for n in range(3)]
        shown = poll(lambda: self.state(destination, "disabled"), what="the destination disabled")
        self.assertTrue(shown["disabledReason"])
        self.assertGreaterEqual(len(self.receiver.requests("/disabled")), 6)
        self.assertEqual(self.only_task(receipts[0])["status"], "parked")
        self.receiver.script("/disabled", Reply(200))
        self.assertEqual(self.client.post(f"/v1/destinations/{destination}/enable").status, 200)
        for receipt in receipts:
            self.client.wait_delivery(receipt["deliveryId"], "completed")
        self.assertEqual(self.client.health(destination)["consecutiveFailures"], 0)

    def test_a_receiver_that_is_not_there_is_tried_until_it_is(self):
        from peers import Nginx

        nginx = Nginx("location = /late { return 200 ok; }")
        with nginx:
            url, port = nginx.url("/late"), nginx.port
        destination = self.client.destination(url, {"retry": retry(attempts=100, initial=50, maximum=200), "disableThreshold": 10000,
                                                    "breaker": {"failureThreshold": 3, "recoveryTimeoutMs": 200}})["id"]
        receipt = self.client.deliver([destination])
        poll(lambda: self.only_task(receipt)["attempts"] >= 2, what="two attempts at nobody")
        with Nginx("location = /late { return 200 ok; }", port):
            self.client.wait_delivery(receipt["deliveryId"], "completed", 20)

    def only_task(self, receipt):
        return tasks_of(self.client.delivery(receipt["deliveryId"]))[0]

    def state(self, destination, state):
        shown = self.client.get(f"/v1/destinations/{destination}").json
        return shown if shown["state"] == state else None

    def breaker(self, destination, state):
        breaker = self.client.health(destination)["breaker"]
        return breaker if breaker["state"] == state else None

    def seen(self, path, count):
        times = [request.at for request in self.receiver.requests(path)]
        return times if len(times) >= count else None


if __name__ == "__main__":
    unittest.main()
