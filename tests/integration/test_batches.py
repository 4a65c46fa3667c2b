# SPDX-License-Identifier: Apache-2.0
"""Batches through a real node, judged by receivers: a scripted one, and the Standard Webhooks package."""
import json
import unittest

from harness import NodeTest, poll, tasks_of
from peers import WebhookVerifier
from receiver import Reply


def batch(count, wait=100, **more):
    return {"batch": {"maxCount": count, "maxWaitMs": wait, **more}}


def results(*entries):
    return Reply(200, {"Content-Type": "application/json"}, json.dumps({"results": list(entries)}).encode())


class Batches(NodeTest):
    def bodies(self, path):
        return [json.loads(request.body) for request in self.receiver.requests(path)]

    def test_tasks_arrive_together_and_in_order(self):
        destination = self.client.destination(self.receiver.script("/together", Reply(200)), batch(5, 60_000))
        ids = [self.client.deliver([destination["id"]], {"n": n})["deliveryId"] for n in range(10)]
        for identifier in ids:
            self.client.wait_delivery(identifier, "completed")
        bodies = self.bodies("/together")
        self.assertEqual([len(body) for body in bodies], [5, 5])
        self.assertEqual([element["data"]["n"] for body in bodies for element in body], list(range(10)))
        self.assertEqual([element["id"] for body in bodies for element in body], ids)
        keys = {element["idempotencyKey"] for body in bodies for element in body}
        self.assertEqual(len(keys), 10)

    def test_a_batch_that_does_not_fill_leaves_in_time(self):
        destination = self.client.destination(self.receiver.script("/few", Reply(200)), batch(100, 50))
        receipt = self.client.deliver([destination["id"]])
        self.client.wait_delivery(receipt["deliveryId"], "completed")
        self.assertEqual([len(body) for body in self.bodies("/few")], [1])

    def test_each_task_has_its_own_outcome_and_is_tried_again_by_itself(self):
        path = "/mixed"
        url = self.receiver.script(path, Reply(200))
        destination = self.client.destination(url, {**batch(3, 60_000), "retry": {"initialDelayMs": 20, "maxAttempts": 3}},
                                              {"nonRetryableStatus": [422]})

        class Mixed(Reply):
            async def play(self, request, reader, writer):
                listed = [{"id": e["id"], "status": e["data"]["answer"]} for e in json.loads(request.body) if e["attempt"] == 1]
                return await results(*listed).play(request, reader, writer)

        self.receiver.script(path, Mixed())
        sent = {answer: self.client.deliver([destination["id"]], {"answer": answer})["deliveryId"] for answer in (200, 422, 503)}
        self.assertEqual(self.client.wait_delivery(sent[200], "completed")["status"], "completed")
        refused = self.client.wait_delivery(sent[422], "failed")
        self.assertEqual(tasks_of(refused)[0]["attempts"], 1)
        # The one that is tried again waits for two more to fill its batch.
        for answer in (200, 200):
            self.client.deliver([destination["id"]], {"answer": answer})
        again = self.client.wait_delivery(sent[503], "completed")
        self.assertEqual(tasks_of(again)[0]["attempts"], 2)

    def test_a_batch_that_fails_as_a_whole_counts_once(self):
        destination = self.client.destination(self.receiver.script("/down", Reply(503)),
                                              {**batch(10, 60_000), "retry": {"initialDelayMs": 60_000, "maxDelayMs": 60_000}})
        ids = [self.client.deliver([destination["id"]])["deliveryId"] for _ in range(10)]
        for identifier in ids:
            poll(lambda i=identifier: tasks_of(self.client.delivery(i))[0]["status"] == "retrying", what="retrying")
        self.assertEqual(self.client.health(destination["id"])["consecutiveFailures"], 1)
        self.assertEqual(len(self.receiver.requests("/down")), 1)

    def test_a_receiver_that_finds_a_batch_too_large_gets_halves(self):
        class AtMostThree(Reply):
            async def play(self, request, reader, writer):
                status = 413 if len(json.loads(request.body)) > 3 else 200
                return await Reply(status).play(request, reader, writer)

        destination = self.client.destination(self.receiver.script("/small", AtMostThree()), batch(8, 60_000))
        ids = [self.client.deliver([destination["id"]], {"n": n})["deliveryId"] for n in range(8)]
        for identifier in ids:
            view = self.client.wait_delivery(identifier, "completed")
            self.assertEqual(tasks_of(view)[0]["attempts"], 1)
        taken = [body for body in self.bodies("/small") if len(body) <= 3]
        self.assertEqual([element["data"]["n"] for body in taken for element in body], list(range(8)))

    def test_the_standard_webhooks_package_verifies_a_batch(self):
        import base64

        secret = "whsec_" + base64.b64encode(b"the secret of a batch, 32 bytes!").decode()
        with WebhookVerifier(secret) as verifier:
            destination = self.client.destination(verifier.url("/"), batch(3, 60_000))
            answer = self.client.post(f"/v1/destinations/{destination['id']}/secrets", {"secret": secret})
            self.assertEqual(answer.status, 201, answer)
            ids = [self.client.deliver([destination["id"]], {"n": n})["deliveryId"] for n in range(3)]
            for identifier in ids:
                view = self.client.wait_delivery(identifier, "completed")
                attempt = tasks_of(view)[0]["attemptLog"][-1]
                self.assertEqual(attempt["code"], 204, attempt)

    def test_a_policy_of_batches_is_checked_and_shown(self):
        answer = self.client.post("/v1/destinations", {"type": "webhook", "label": "x", "config": {"url": self.receiver.url("/x")},
                                                       "policy": {"batch": {"maxCount": 0, "maxBytes": 1, "maxWaitMs": -1, "size": 5}}})
        self.assertEqual(answer.status, 400, answer)
        pointers = {fault["pointer"] for fault in answer.json["errors"]}
        self.assertEqual(pointers, {f"/policy/batch/{name}" for name in ("maxCount", "maxBytes", "maxWaitMs", "size")})
        destination = self.client.destination(self.receiver.url("/x"), batch(7))
        self.assertEqual(destination["policy"]["batch"]["maxCount"], 7)
        features = {kind["type"]: kind["features"] for kind in self.client.get("/v1/destination-types").json["data"]}
        self.assertIn("batch", features["webhook"])


if __name__ == "__main__":
    unittest.main()
