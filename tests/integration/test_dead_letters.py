# SPDX-License-Identifier: Apache-2.0
"""After the last attempt: dead letters are listed, redriven, discarded; deliveries are retried and cancelled by hand."""
import unittest

from harness import NodeTest, poll, tasks_of
from receiver import Hang, Reply

ONCE = {"retry": {"maxAttempts": 1}, "breaker": {"failureThreshold": 1000}, "disableThreshold": 1000}


class DeadLetters(NodeTest):
    def fail(self, path, count=1):
        """A destination whose deliveries all failed for good."""
        destination = self.client.destination(self.receiver.script(path, Reply(500)), ONCE)["id"]
        ids = [self.client.deliver([destination], {"n": n})["deliveryId"] for n in range(count)]
        for identifier in ids:
            self.client.wait_delivery(identifier, "failed")
        return destination, ids

    def letters(self, query):
        return self.client.get("/v1/dead-letters?" + query).json["data"]

    def test_listed_with_their_reason(self):
        destination, ids = self.fail("/listed", 3)
        letters = self.letters(f"destinationId={destination}")
        self.assertEqual(sorted(letter["deliveryId"] for letter in letters), sorted(ids))
        for letter in letters:
            self.assertEqual(letter["category"], "remote")
            self.assertTrue(letter["failureReason"])
        self.assertEqual(self.letters(f"destinationId={destination}&category=timeout"), [])

    def test_a_dry_run_counts_and_changes_nothing(self):
        destination, _ = self.fail("/dry", 4)
        for action in ("redrive", "discard"):
            answer = self.client.post(f"/v1/dead-letters/{action}", {"destinationId": destination, "dryRun": True})
            self.assertEqual((answer.status, answer.json["count"]), (200, 4), answer)
        self.assertEqual(len(self.letters(f"destinationId={destination}")), 4)

    def test_redriven_they_arrive(self):
        destination, ids = self.fail("/redriven", 5)
        self.receiver.script("/redriven", Reply(200))
        answer = self.client.post("/v1/dead-letters/redrive", {"destinationId": destination})
        self.assertEqual(answer.status, 202, answer)
        for identifier in ids:
            view = self.client.wait_delivery(identifier, "completed")
            self.assertEqual(tasks_of(view)[0]["status"], "delivered")
        self.assertEqual(self.letters(f"destinationId={destination}"), [])
        keys = {}
        for request in self.receiver.requests("/redriven"):
            keys.setdefault(request.headers["x-delivery-id"], set()).add(request.headers["idempotency-key"])
        self.assertTrue(all(len(each) == 1 for each in keys.values()), "the same idempotency key with every attempt")

    def test_one_of_them_redriven_by_its_task(self):
        destination, _ = self.fail("/one", 3)
        self.receiver.script("/one", Reply(200))
        chosen = self.letters(f"destinationId={destination}")[0]
        answer = self.client.post("/v1/dead-letters/redrive", {"taskIds": [chosen["taskId"]]})
        self.assertIn(answer.status, (200, 202), answer)
        self.client.wait_delivery(chosen["deliveryId"], "completed")
        self.assertEqual(len(self.letters(f"destinationId={destination}")), 2)

    def test_discarded_they_are_gone_from_the_list_and_stay_failed(self):
        destination, ids = self.fail("/discarded", 2)
        answer = self.client.post("/v1/dead-letters/discard", {"destinationId": destination})
        self.assertEqual((answer.status, answer.json["total"]), (202, 2), answer)
        poll(lambda: self.letters(f"destinationId={destination}") == [], what="an empty list")
        self.assertEqual(self.client.delivery(ids[0])["status"], "failed")

    def test_a_failed_delivery_is_retried_by_hand(self):
        _, (identifier,) = self.fail("/by-hand")
        self.receiver.script("/by-hand", Reply(200))
        answer = self.client.post(f"/v1/deliveries/{identifier}/retry")
        self.assertIn(answer.status, (200, 202), answer)
        self.client.wait_delivery(identifier, "completed")
        self.assert_problem(self.client.post(f"/v1/deliveries/{identifier}/retry"), 409, "CONFLICT")

    def test_only_the_destination_that_was_named_is_retried(self):
        first = self.client.destination(self.receiver.script("/first", Reply(500)), ONCE)["id"]
        second = self.client.destination(self.receiver.script("/second", Reply(500)), ONCE)["id"]
        identifier = self.client.deliver([first, second])["deliveryId"]
        self.client.wait_delivery(identifier, "failed")
        self.receiver.script("/first", Reply(200))
        self.client.post(f"/v1/deliveries/{identifier}/retry", {"destinations": [first]})
        poll(lambda: self.statuses(identifier) == {first: "delivered", second: "failed"}, what="one delivered, one not tried")
        self.assertEqual(len(self.receiver.requests("/second")), 1)

    def statuses(self, identifier):
        return {task["destinationId"]: task["status"] for task in tasks_of(self.client.delivery(identifier))}

    def test_cancelled_before_its_time_it_never_leaves(self):
        destination = self.client.destination(self.receiver.url("/cancelled"))["id"]
        self.client.post(f"/v1/destinations/{destination}/disable", {"reason": "test"})
        identifier = self.client.deliver([destination])["deliveryId"]
        answer = self.client.post(f"/v1/deliveries/{identifier}/cancel")
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(self.statuses(identifier), {destination: "cancelled"})
        self.client.post(f"/v1/destinations/{destination}/enable")
        marker = self.client.deliver([destination], {"marker": 1})["deliveryId"]
        self.client.wait_delivery(marker, "completed")
        self.assertEqual(len(self.receiver.requests("/cancelled")), 1)

    def test_cancelled_between_retries_it_is_not_tried_again(self):
        destination = self.client.destination(self.receiver.script("/between", Reply(500), Reply(200)),
                                              {"retry": {"initialDelayMs": 300}})["id"]
        identifier = self.client.deliver([destination])["deliveryId"]
        poll(lambda: self.statuses(identifier) == {destination: "retrying"}, what="the first failure")
        self.assertEqual(self.client.post(f"/v1/deliveries/{identifier}/cancel").status, 200)
        marker = self.client.deliver([destination], options={"priority": 0})["deliveryId"]
        self.client.wait_delivery(marker, "completed")
        self.assertEqual(self.statuses(identifier), {destination: "cancelled"})
        self.assertEqual(len(self.receiver.requests("/between")), 2)

    def test_cancelled_in_flight_it_ends_one_way_and_is_not_tried_again(self):
        hang = Hang()
        destination = self.client.destination(self.receiver.script("/flight", hang), {"retry": {"initialDelayMs": 20}})["id"]
        identifier = self.client.deliver([destination])["deliveryId"]
        poll(lambda: self.receiver.requests("/flight"), what="the attempt")
        self.assertIn(self.client.post(f"/v1/deliveries/{identifier}/cancel").status, (200, 409))
        hang.release()
        poll(lambda: self.statuses(identifier)[destination] in ("cancelled", "delivered"), what="an end")
        self.assertEqual(len(self.receiver.requests("/flight")), 1)

    def test_a_delivered_one_cannot_be_cancelled(self):
        destination = self.client.destination(self.receiver.url("/done"))["id"]
        identifier = self.client.deliver([destination])["deliveryId"]
        self.client.wait_delivery(identifier, "completed")
        self.assert_problem(self.client.post(f"/v1/deliveries/{identifier}/cancel"), 409, "CONFLICT")


if __name__ == "__main__":
    unittest.main()
