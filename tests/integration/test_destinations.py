# SPDX-License-Identifier: Apache-2.0
"""A destination's life: made, shown, listed, changed, tested, disabled, enabled, its secrets rotated, gone."""
import base64
import hashlib
import hmac
import unittest

from harness import NodeTest, Node, poll, tasks_of
from receiver import Hang, Reply


def signs(secret, request):
    signed = f"{request.headers['webhook-id']}.{request.headers['webhook-timestamp']}.".encode() + request.body
    digest = hmac.new(base64.b64decode(secret[len("whsec_"):]), signed, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode() in request.headers["webhook-signature"].split(" ")


class Destinations(NodeTest):
    def test_made_and_shown(self):
        created = self.client.post("/v1/destinations", {
            "type": "webhook", "label": "Patient portal", "config": {"url": self.receiver.url("/a")},
            "policy": {"retry": {"maxAttempts": 3}}, "tags": ["portal"], "metadata": {"team": "7"}})
        self.assertEqual(created.status, 201, created)
        self.assertRegex(created.json["id"], "^dst_[0-9A-HJKMNP-TV-Z]{26}$")
        self.assertTrue(created.headers["ETag"])
        shown = self.client.get(f"/v1/destinations/{created.json['id']}")
        for name, value in {"type": "webhook", "label": "Patient portal", "state": "enabled", "tags": ["portal"], "metadata": {"team": "7"}}.items():
            self.assertEqual(shown.json[name], value)
        self.assertEqual(shown.json["policy"]["retry"]["maxAttempts"], 3)
        self.assertRegex(shown.json["createdAt"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")

    def test_listed_in_pages_by_filter(self):
        _, client = self.new_organization("pages")
        ids = [client.destination(self.receiver.url("/p"), label=f"page {n}", tags=["even" if n % 2 == 0 else "odd"])["id"] for n in range(7)]
        seen, query = [], "?limit=3"
        while query:
            page = client.get("/v1/destinations" + query).json
            self.assertLessEqual(len(page["data"]), 3)
            seen += [each["id"] for each in page["data"]]
            query = f"?limit=3&cursor={page['nextCursor']}" if page.get("nextCursor") else None
        self.assertEqual(sorted(seen), sorted(ids))
        self.assertEqual(len(seen), len(set(seen)))
        self.assertEqual(len(client.get("/v1/destinations?tag=odd").json["data"]), 3)
        self.assertEqual(len(client.get("/v1/destinations?label=PAGE%203").json["data"]), 1)
        self.assertEqual(len(client.get("/v1/destinations?type=webhook&state=disabled").json["data"]), 0)
        self.assertEqual(len(client.get("/v1/destinations?health=healthy").json["data"]), 7)

    def test_changed_by_patch_and_by_put(self):
        created = self.client.destination(self.receiver.url("/c"), {"retry": {"maxAttempts": 3}}, {"headers": {"X-A": "1"}}, tags=["a"])
        url = f"/v1/destinations/{created['id']}"
        patched = self.client.patch(url, {"label": "new", "policy": {"retry": {"maxAttempts": None, "initialDelayMs": 5}}})
        self.assertEqual(patched.status, 200, patched)
        self.assertEqual(patched.json["label"], "new")
        self.assertEqual(patched.json["policy"]["retry"], {"initialDelayMs": 5})
        self.assertEqual(patched.json["tags"], ["a"])
        put = self.client.put(url, {"type": "webhook", "label": "whole", "config": {"url": self.receiver.url("/d")}})
        self.assertEqual(put.status, 200, put)
        self.assertEqual((put.json["tags"], put.json["config"]["url"]), ([], self.receiver.url("/d")))
        self.assertGreater(put.json["version"], patched.json["version"])

    def test_a_change_reaches_the_next_attempt(self):
        created = self.client.destination(self.receiver.script("/old", Reply(500)), {"retry": {"initialDelayMs": 200, "maxDelayMs": 200}})
        receipt = self.client.deliver([created["id"]])
        poll(lambda: self.receiver.requests("/old"), what="the first attempt")
        self.assertEqual(self.client.patch(f"/v1/destinations/{created['id']}", {"config": {"url": self.receiver.url("/moved")}}).status, 200)
        self.client.wait_delivery(receipt["deliveryId"], "completed")
        self.assertEqual(len(self.receiver.requests("/moved")), 1)

    def test_tested_stored_and_not_stored(self):
        good = self.client.destination(self.receiver.url("/tested"))["id"]
        answer = self.client.post(f"/v1/destinations/{good}/test")
        self.assertEqual((answer.status, answer.json["ok"]), (200, True), answer)
        bad = self.client.destination("http://127.0.0.1:1/")["id"]
        answer = self.client.post(f"/v1/destinations/{bad}/test")
        self.assertEqual((answer.status, answer.json["ok"], answer.json["category"]), (200, False, "network"), answer)
        body = {"type": "webhook", "label": "x", "config": {"url": self.receiver.url("/tested")}}
        answer = self.client.post("/v1/destinations/test", body)
        self.assertEqual((answer.status, answer.json["ok"]), (200, True), answer)

    def test_test_before_save_saves_nothing_that_does_not_connect(self):
        before = len(self.client.get("/v1/destinations?limit=500").json["data"])
        answer = self.client.post("/v1/destinations?test=true", {"type": "webhook", "label": "x", "config": {"url": "http://127.0.0.1:1/"}})
        self.assert_problem(answer, 422, "CONNECTION_TEST_FAILED")
        self.assertEqual(len(self.client.get("/v1/destinations?limit=500").json["data"]), before)
        answer = self.client.post("/v1/destinations?test=true", {"type": "webhook", "label": "x", "config": {"url": self.receiver.url("/t")}})
        self.assertEqual(answer.status, 201, answer)

    def test_disabled_parks_and_enabled_releases(self):
        destination = self.client.destination(self.receiver.url("/parked"))["id"]
        disabled = self.client.post(f"/v1/destinations/{destination}/disable", {"reason": "maintenance"})
        self.assertEqual((disabled.status, disabled.json["state"], disabled.json["disabledReason"]), (200, "disabled", "maintenance"))
        receipts = [self.client.deliver([destination], {"n": n}) for n in range(5)]
        view = self.client.delivery(receipts[0]["deliveryId"])
        self.assertEqual(tasks_of(view)[0]["status"], "parked")
        self.assertEqual(self.client.get(f"/v1/destinations/{destination}/queue").json["parked"], 5)
        self.assertEqual(self.receiver.requests("/parked"), [])
        self.assertEqual(self.client.post(f"/v1/destinations/{destination}/enable").json["state"], "enabled")
        for receipt in receipts:
            self.client.wait_delivery(receipt["deliveryId"], "completed")

    def test_health_tells_what_happened(self):
        url = self.receiver.script("/health", Reply(500), Reply(500), Reply(200))
        destination = self.client.destination(url, {"retry": {"initialDelayMs": 20}})["id"]
        fresh = self.client.health(destination)
        self.assertEqual((fresh["status"], fresh["consecutiveFailures"]), ("healthy", 0))
        receipt = self.client.deliver([destination])
        self.client.wait_delivery(receipt["deliveryId"], "completed")
        health = poll(lambda: self.with_deliveries(destination), what="the health's numbers")
        self.assertEqual((health["totalDeliveries"], health["totalFailures"], health["consecutiveFailures"]), (1, 2, 0))
        self.assertAlmostEqual(health["successRate"], 1 / 3, places=2)
        self.assertEqual(health["breaker"]["state"], "closed")

    def with_deliveries(self, destination):
        health = self.client.health(destination)
        return health if health["totalDeliveries"] else None

    def test_rotation_overlaps_as_the_receiver_sees_it(self):
        created = self.client.destination(self.receiver.url("/rotate"))
        url, old = f"/v1/destinations/{created['id']}/secrets", created["signingSecret"]["secret"]
        rotated = self.client.post(url + "/rotate", {"overlapMs": 1500})
        self.assertEqual(rotated.status, 201, rotated)
        new = rotated.json["secret"]
        self.send(created["id"])
        request = self.receiver.requests("/rotate")[-1]
        self.assertTrue(signs(new, request) and signs(old, request), request.headers["webhook-signature"])

        def old_is_gone():
            self.send(created["id"])
            last = self.receiver.requests("/rotate")[-1]
            self.assertTrue(signs(new, last))
            return not signs(old, last)

        poll(old_is_gone, 10, "the end of the overlap", pause=0.1)
        again = self.client.post(url + "/rotate", {"overlapMs": 0}).json["secret"]
        self.send(created["id"])
        last = self.receiver.requests("/rotate")[-1]
        self.assertTrue(signs(again, last) and not signs(new, last))

    def test_secrets_are_brought_listed_and_removed(self):
        created = self.client.destination(self.receiver.url("/own"))
        url = f"/v1/destinations/{created['id']}/secrets"
        own = "whsec_" + base64.b64encode(b"brought along, and long enough").decode()
        added = self.client.post(url, {"secret": own})
        self.assertEqual(added.status, 201, added)
        self.assertEqual(len(self.client.get(url).json["data"]), 2)
        self.send(created["id"])
        self.assertTrue(signs(own, self.receiver.requests("/own")[-1]))
        self.assertEqual(self.client.delete(f"{url}/{added.json['id']}").status, 204)
        self.send(created["id"])
        self.assertFalse(signs(own, self.receiver.requests("/own")[-1]))
        for bad in ("short", "whsec_***", 1, "whsec_" + base64.b64encode(b"short").decode()):
            self.assert_problem(self.client.post(url, {"secret": bad}), 400, "VALIDATION_ERROR", "/secret")

    def send(self, destination):
        receipt = self.client.deliver([destination])
        self.client.wait_delivery(receipt["deliveryId"], "completed")

    def test_deleted_with_what_waited_for_it(self):
        hang = Hang()
        destination = self.client.destination(self.receiver.script("/deleted", hang))["id"]
        receipt = self.client.deliver([destination])
        self.assertEqual(self.client.delete(f"/v1/destinations/{destination}").status, 204)
        self.assert_problem(self.client.get(f"/v1/destinations/{destination}"), 404, "DESTINATION_NOT_FOUND")
        hang.release()
        view = poll(lambda: self.settled(receipt["deliveryId"]), what="an end of its task")
        self.assertIn(tasks_of(view)[0]["status"], ("cancelled", "delivered"))
        self.assertNotIn(destination, self.client.get("/v1/destinations?limit=500").body.decode())

    def settled(self, identifier):
        view = self.client.delivery(identifier)
        return view if view["status"] in ("completed", "failed", "cancelled") else None

    def test_the_loaded_types_are_shown_with_their_schema(self):
        types = self.client.get("/v1/destination-types").json["data"]
        webhook = next(each for each in types if each["type"] == "webhook")
        self.assertIn("url", webhook["configSchema"]["properties"])
        self.assertEqual(self.client.get("/v1/destination-types/webhook").json["type"], "webhook")
        self.assert_problem(self.client.get("/v1/destination-types/pigeon"), 404)


class NetworkGuard(unittest.TestCase):
    def test_a_node_starts_closed_to_its_own_machine(self):
        from receiver import Receiver

        node = Node(loopback=False)
        try:
            with Receiver() as receiver:
                client = node.start().client()
                for host in ("127.0.0.1", "localhost", "[::1]", "0x7f.1", "2130706433"):
                    answer = client.post("/v1/destinations/test", {"type": "webhook", "label": "x", "config": {"url": f"http://{host}:{receiver.port}/guard"}})
                    self.assertTrue(answer.status in (400, 422) or answer.json["ok"] is False, answer)
                destination = client.post("/v1/destinations", {"type": "webhook", "label": "x", "config": {"url": receiver.url("/guard")},
                                                               "policy": {"retry": {"maxAttempts": 1}}})
                if destination.status == 201:
                    receipt = client.deliver([destination.json["id"]])
                    client.wait_delivery(receipt["deliveryId"], "failed")
                self.assertEqual(receiver.requests("/guard"), [])
            self.assertEqual(node.stop(), 0)
        finally:
            node.discard()


if __name__ == "__main__":
    unittest.main()
