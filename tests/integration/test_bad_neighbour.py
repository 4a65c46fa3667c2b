# SPDX-License-Identifier: Apache-2.0
"""A bad neighbour costs only itself: half of the destinations hang, the others get everything at once. How fast is told by bench/."""
import unittest

from harness import NodeTest, poll
from receiver import Hang, Reply

PAIRS, EACH = 10, 20


class BadNeighbour(NodeTest):
    environment = {"WAYBILL_QUEUE_DRAIN_TIMEOUT_MS": "500"}

    def test_half_of_the_destinations_hang_and_the_rest_is_served(self):
        hang = Hang()
        self.addCleanup(hang.release)
        policy = {"limits": {"maxConcurrency": 10}}
        hanging = [self.client.destination(self.receiver.script(f"/hang/{n}", hang), policy, {"timeoutMs": 30000})["id"] for n in range(PAIRS)]
        serving = [self.client.destination(self.receiver.script(f"/serve/{n}", Reply(200)), policy)["id"] for n in range(PAIRS)]
        ids = []
        for n in range(EACH):
            for bad, good in zip(hanging, serving):
                self.client.deliver([bad], {"n": n})
                ids.append(self.client.deliver([good], {"n": n})["deliveryId"])
        for identifier in ids:
            self.client.wait_delivery(identifier, "completed")
        # No more than its limit was ever sent to one that hangs, and nothing of it was lost.
        poll(lambda: all(len(self.receiver.requests(f"/hang/{n}")) == 10 for n in range(PAIRS)), what="the limit reached at each")
        hang.release()
        poll(lambda: all(len(self.receiver.requests(f"/hang/{n}")) == EACH for n in range(PAIRS)), 30, "the rest after they came back")

    def test_one_delivery_to_both_ends_for_the_good_one_at_once(self):
        hang = Hang()
        self.addCleanup(hang.release)
        bad = self.client.destination(self.receiver.script("/both/bad", hang))["id"]
        good = self.client.destination(self.receiver.url("/both/good"))["id"]
        identifier = self.client.deliver([bad, good])["deliveryId"]
        poll(lambda: self.receiver.requests("/both/good"), what="the good one's")
        self.assertIn(self.client.delivery(identifier)["status"], ("queued", "processing"))


if __name__ == "__main__":
    unittest.main()
