# SPDX-License-Identifier: Apache-2.0
"""The same request twice has one effect: in a row, fifty at a time, and over a kill."""
import collections
import concurrent.futures
import threading
import unittest

from harness import NodeTest, poll, tasks_of
from receiver import Reply

RACERS = 50


class Idempotency(NodeTest):
    def send(self, path, body, key, client=None):
        return (client or self.client).post(path, body, headers={"Idempotency-Key": key})

    def race(self, path, body, key):
        """Fifty connections ask at the same moment."""
        gate = threading.Barrier(RACERS)

        def one(_):
            client = self.node.client()
            client.get("/healthz")  # connected before the start
            gate.wait()
            answer = self.send(path, body, key, client)
            client.close()
            return answer

        with concurrent.futures.ThreadPoolExecutor(RACERS) as pool:
            return list(pool.map(one, range(RACERS)))

    def check_race(self, answers, status, identity):
        """One effect; everybody else got the same answer again, or was told to wait."""
        made = [a for a in answers if a.status == status]
        waiting = [a for a in answers if a.status == 409]
        self.assertEqual(len(made) + len(waiting), RACERS, collections.Counter(a.status for a in answers))
        self.assertEqual(len({identity(a.json) for a in made}), 1)
        self.assertEqual(sum(a.headers["Idempotency-Replayed"] is None for a in made), 1, "one of them is the first")
        for a in waiting:
            self.assert_problem(a, 409, "IDEMPOTENCY_IN_PROGRESS")
            self.assertTrue(int(a.headers["Retry-After"]) >= 1)
        return made[0].json

    def restart(self):
        self.node.kill()
        self.node.start()
        type(self).client = self.node.client()

    def again(self, path, body, key, first, client=None):
        """The first answer, byte for byte, and said to be one."""
        answer = self.send(path, body, key, client)
        self.assertEqual(answer.status, first.status, answer)
        self.assertEqual(answer.body, first.body)
        self.assertEqual(answer.headers["Idempotency-Replayed"], "true")
        for header in ("Location", "ETag"):
            self.assertEqual(answer.headers[header], first.headers[header])
        return answer

    def webhook(self, path, **more):
        return {"type": "webhook", "label": "once", "config": {"url": self.receiver.url(path)}, **more}

    def count(self, path):
        return len(self.client.get(path + "?limit=500").json["data"])

    def test_fifty_equal_deliveries_at_once_make_one(self):
        destination = self.client.destination(self.receiver.url("/race"))["id"]
        body = {"destinations": [destination], "payload": {"type": "report", "data": {"n": 1}}}
        receipt = self.check_race(self.race("/v1/deliveries", body, "race-1"), 202, lambda j: j["deliveryId"])
        self.client.wait_delivery(receipt["deliveryId"], "completed")
        marker = self.client.deliver([destination], {"marker": 1})["deliveryId"]
        self.client.wait_delivery(marker, "completed")
        self.assertEqual(len(self.receiver.requests("/race")), 2)

    def test_fifty_equal_creations_at_once_make_one(self):
        before = self.count("/v1/keys")
        key = self.check_race(self.race("/v1/keys", {"name": "racer", "roles": ["viewer"]}, "race-2"), 201, lambda j: j["secret"])
        self.assertEqual(self.count("/v1/keys"), before + 1)
        self.assertEqual(self.node.client(key["secret"]).get("/v1/queue").status, 200)
        before = self.count("/v1/destinations")
        self.check_race(self.race("/v1/destinations", self.webhook("/made"), "race-3"), 201, lambda j: j["id"])
        self.assertEqual(self.count("/v1/destinations"), before + 1)

    def test_the_first_answer_comes_again_after_a_kill(self):
        destination = self.client.destination(self.receiver.url("/kept"))["id"]
        cases = [("/v1/destinations", self.webhook("/kept")), ("/v1/keys", {"name": "kept", "roles": ["viewer"]}),
                 ("/v1/organizations", {"name": "kept"}), (f"/v1/destinations/{destination}/secrets", {}),
                 (f"/v1/destinations/{destination}/secrets/rotate", {}), ("/v1/dead-letters/redrive", {"tag": "nothing"}),
                 ("/v1/dead-letters/discard", {"tag": "nothing"})]
        firsts = [self.send(path, body, "kept-1") for path, body in cases]
        for (path, body), first in zip(cases, firsts):
            with self.subTest(path):
                self.assertIn(first.status, (201, 202), first)
                self.assertIsNone(first.headers["Idempotency-Replayed"])
                self.again(path, body, "kept-1", first)
        sizes = [self.count(path) for path in ("/v1/destinations", "/v1/keys", "/v1/organizations", "/v1/jobs")]
        self.restart()
        for (path, body), first in zip(cases, firsts):
            with self.subTest(path, after="a kill"):
                self.again(path, body, "kept-1", first)
        self.assertEqual(sizes, [self.count(path) for path in ("/v1/destinations", "/v1/keys", "/v1/organizations", "/v1/jobs")])
        # A secret that was shown once must not lie in the store for whoever reads the file.
        stored = b"".join(path.read_bytes() for path in self.node.data.glob("waybill.db*"))
        for secret in (firsts[1].json["secret"], firsts[3].json["secret"]):
            self.assertNotIn(secret.encode(), stored)

    def test_a_retry_by_hand_happens_once(self):
        once = {"retry": {"maxAttempts": 1}}
        destination = self.client.destination(self.receiver.script("/retry", Reply(500)), once)["id"]
        identifier = self.client.deliver([destination])["deliveryId"]
        self.client.wait_delivery(identifier, "failed")
        first = self.send(f"/v1/deliveries/{identifier}/retry", None, "retry-1")
        self.assertEqual(first.status, 202, first)
        poll(lambda: len(self.receiver.requests("/retry")) == 2, what="the retry")
        self.client.wait_delivery(identifier, "failed")
        self.again(f"/v1/deliveries/{identifier}/retry", None, "retry-1", first)
        self.assertEqual(self.client.delivery(identifier)["status"], "failed")

    def test_a_kill_in_the_middle_leaves_no_key_taken_for_ever(self):
        destination = self.client.destination(self.receiver.url("/middle"))["id"]
        stop = threading.Event()
        said = {}

        def writer(number):
            client = self.node.client()
            for n in range(10_000):
                if stop.is_set():
                    return
                name = f"middle-{number}-{n}"
                said[name] = None
                try:
                    answer = self.send("/v1/keys", {"name": name, "roles": ["viewer"]}, name, client)
                    delivery = self.send("/v1/deliveries", self.delivery_body(destination, name), name, client)
                except OSError:
                    return
                said[name] = (answer.json["secret"], delivery.json["deliveryId"])

        threads = [threading.Thread(target=writer, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        poll(lambda: len(said) > 150, what="some keys")
        self.node.kill()
        stop.set()
        for thread in threads:
            thread.join()
        self.node.start()
        type(self).client = self.node.client()
        deliveries = set()
        for name, first in said.items():
            answer = self.send("/v1/keys", {"name": name, "roles": ["viewer"]}, name)
            self.assertEqual(answer.status, 201, answer)
            delivery = self.send("/v1/deliveries", self.delivery_body(destination, name), name)
            self.assertEqual(delivery.status, 202, delivery)
            if first:
                self.assertEqual((answer.json["secret"], delivery.json["deliveryId"]), first)
            deliveries.add(delivery.json["deliveryId"])
        names = collections.Counter()
        path = "/v1/keys?limit=500"
        while path:
            page = self.client.get(path).json
            names.update(key["name"] for key in page["data"])
            path = page["nextCursor"] and f"/v1/keys?limit=500&cursor={page['nextCursor']}"
        self.assertEqual({name: names[name] for name in said}, {name: 1 for name in said}, "each made once")
        poll(lambda: len({r.headers["x-delivery-id"] for r in self.receiver.requests("/middle")} & deliveries) == len(said),
             60, "every delivery")
        self.assertEqual({r.headers["x-delivery-id"] for r in self.receiver.requests("/middle")}, deliveries, "and no other")

    @staticmethod
    def delivery_body(destination, name):
        return {"destinations": [destination], "payload": {"type": "report", "data": {"name": name}}}

    def test_another_body_another_query_or_another_caller_is_refused(self):
        path, body = "/v1/keys", {"name": "a", "roles": ["viewer"]}
        self.assertEqual(self.send(path, body, "reuse-1").status, 201)
        self.assert_problem(self.send(path, {**body, "name": "b"}, "reuse-1"), 422, "IDEMPOTENCY_KEY_REUSED")
        organization = self.client.get("/v1/organizations").json["data"][0]["id"]
        second = self.node.client(self.new_key(organization, ["admin"]))
        self.assert_problem(self.send(path, body, "reuse-1", second), 422, "IDEMPOTENCY_KEY_REUSED")
        self.assertEqual(self.send("/v1/destinations", self.webhook("/q"), "reuse-1").status, 201, "a key belongs to its route")
        self.assert_problem(self.send("/v1/destinations?test=true", self.webhook("/q"), "reuse-1"), 422, "IDEMPOTENCY_KEY_REUSED")

    def test_one_organization_s_keys_are_its_own(self):
        _, first = self.new_organization("keys-a")
        _, second = self.new_organization("keys-b")
        answers = [self.send("/v1/destinations", self.webhook("/own"), "own-1", client) for client in (first, second)]
        self.assertEqual([a.status for a in answers], [201, 201])
        self.assertNotEqual(answers[0].json["id"], answers[1].json["id"])

    def test_what_failed_is_not_remembered(self):
        self.assert_problem(self.send("/v1/keys", {"name": "x"}, "failed-1"), 400, "VALIDATION_ERROR")
        self.assertEqual(self.send("/v1/keys", {"name": "x", "roles": ["viewer"]}, "failed-1").status, 201)

    def test_a_key_has_a_form(self):
        for bad in ("", "x" * 256, "t\tab", "\u00fc".encode().decode("latin-1")):
            self.assert_problem(self.send("/v1/keys", {"name": "x", "roles": ["viewer"]}, bad), 400, "VALIDATION_ERROR",
                                "Idempotency-Key")
        body = self.delivery_body("dst_01K0000000E008000000000002", "x")
        body["options"] = {"idempotencyKey": "another"}
        self.assert_problem(self.send("/v1/deliveries", body, "one"), 400, "VALIDATION_ERROR", "/options/idempotencyKey")


class ShortWindow(NodeTest):
    environment = {"WAYBILL_SECURITY_IDEMPOTENCY_WINDOW_MS": "1000"}

    def test_after_its_window_a_key_is_free_again(self):
        def send():
            answer = self.client.post("/v1/keys", {"name": "w", "roles": ["viewer"]}, headers={"Idempotency-Key": "window"})
            self.assertEqual(answer.status, 201, answer)
            return answer

        first = send()
        second = poll(lambda: (answer := send()).headers["Idempotency-Replayed"] is None and answer, what="the end of the window")
        self.assertNotEqual(first.json["secret"], second.json["secret"])


if __name__ == "__main__":
    unittest.main()
