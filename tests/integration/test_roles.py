# SPDX-License-Identifier: Apache-2.0
"""What a key may do, by its role and its narrowing."""
import datetime
import unittest

from harness import NodeTest
from receiver import Reply

ALL = ("admin", "operator", "producer", "viewer", "auditor")


class Roles(NodeTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        case = cls("test_each_role_may_what_it_may_and_no_more")
        cls.organization, cls.admin = case.new_organization("roles")
        cls.destination = cls.admin.destination(cls.receiver.url("/ok"))["id"]
        cls.other = cls.admin.destination(cls.receiver.url("/other"))["id"]
        cls.clients = {role: cls.node.client(case.new_key(cls.organization, [role])) for role in ALL}

    def routes(self):
        bad = self.admin.destination(self.receiver.script("/bad", Reply(500)), {"retry": {"maxAttempts": 1}})["id"]
        failed = self.admin.deliver([bad])["deliveryId"]
        self.admin.wait_delivery(failed, "failed")
        d = f"/v1/destinations/{self.destination}"
        delivery = {"destinations": [self.destination], "payload": {"type": "data", "data": 1}}
        new = {"type": "webhook", "label": "new", "config": {"url": self.receiver.url("/new")}}
        read = {"admin", "operator", "viewer", "auditor"}
        return [
            ("POST", "/v1/deliveries", delivery, {"admin", "producer"}),
            ("GET", "/v1/deliveries", None, read | {"producer"}),
            ("GET", "/v1/destinations", None, read), ("GET", d, None, read), ("GET", d + "/health", None, read),
            ("GET", "/v1/dead-letters", None, read), ("GET", "/v1/queue", None, read),
            ("POST", "/v1/destinations", new, {"admin"}), ("PATCH", d, {"label": "x"}, {"admin"}),
            ("POST", d + "/secrets/rotate", {}, {"admin"}),
            ("POST", d + "/test", None, {"admin", "operator"}), ("POST", d + "/disable", {"reason": "test"}, {"admin", "operator"}),
            ("POST", d + "/enable", None, {"admin", "operator"}),
            ("POST", f"/v1/deliveries/{failed}/retry", None, {"admin", "operator"}),
            ("POST", "/v1/dead-letters/redrive", {"dryRun": True}, {"admin", "operator"}),
            ("GET", "/v1/keys", None, {"admin"}), ("POST", "/v1/keys", {"name": "x", "roles": ["admin"]}, {"admin"}),
            ("GET", "/v1/organizations", None, set()), ("POST", "/v1/organizations", {"name": "x"}, set()),
        ]

    def test_each_role_may_what_it_may_and_no_more(self):
        for method, path, body, allowed in self.routes():
            for role, client in self.clients.items():
                with self.subTest(f"{role}: {method} {path}"):
                    answer = client.request(method, path, body)
                    if role in allowed:
                        # A second retry of the same delivery finds nothing to retry: allowed, and in conflict.
                        self.assertIn(answer.status, (200, 201, 202, 204, 409), answer)
                    else:
                        self.assert_problem(answer, 403, "FORBIDDEN")

    def test_a_producer_reads_its_own_deliveries_and_no_others(self):
        producer = self.clients["producer"]
        body = {"destinations": [self.destination], "payload": {"type": "data", "data": 1}}
        own = producer.post("/v1/deliveries", body).json["deliveryId"]
        other = self.admin.post("/v1/deliveries", body).json["deliveryId"]
        self.assertEqual(producer.get(f"/v1/deliveries/{own}").status, 200)
        self.assertEqual(producer.get(f"/v1/deliveries/{own}/payload").status, 200)
        for path in (f"/v1/deliveries/{other}", f"/v1/deliveries/{other}/payload"):
            self.assert_problem(producer.get(path), 404, "DELIVERY_NOT_FOUND")
        self.assert_problem(producer.post(f"/v1/deliveries/{other}/cancel", {}), 404, "DELIVERY_NOT_FOUND")
        listed = {item["deliveryId"] for item in producer.get("/v1/deliveries?limit=500").json["data"]}
        self.assertIn(own, listed)
        self.assertNotIn(other, listed)
        self.assertEqual(self.clients["viewer"].get(f"/v1/deliveries/{other}").status, 200)

    def test_a_key_narrowed_to_a_destination_reaches_no_other(self):
        client = self.node.client(self.new_key(self.organization, ["producer", "viewer"], destinations=[self.destination]))
        body = {"destinations": [self.destination], "payload": {"type": "data", "data": 1}}
        self.assertEqual(client.post("/v1/deliveries", body).status, 202)
        self.assertIn(client.post("/v1/deliveries", {**body, "destinations": [self.other]}).status, (403, 404))
        self.assertIn(client.get(f"/v1/destinations/{self.other}").status, (403, 404))
        self.assertEqual(client.get(f"/v1/destinations/{self.destination}").status, 200)

    def test_a_key_narrowed_to_other_addresses_is_refused_here(self):
        here = self.node.client(self.new_key(self.organization, ["viewer"], allowedIpRanges=["127.0.0.0/8"]))
        elsewhere = self.node.client(self.new_key(self.organization, ["viewer"], allowedIpRanges=["10.0.0.0/8"]))
        self.assertEqual(here.get("/v1/destinations").status, 200)
        self.assert_problem(elsewhere.get("/v1/destinations"), 403, "FORBIDDEN")

    def test_an_expired_key_is_refused(self):
        past = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        client = self.node.client(self.new_key(self.organization, ["viewer"], expiresAt=past))
        from harness import poll

        poll(lambda: client.get("/v1/destinations").status == 401, what="the key's end")

    def test_the_secret_of_a_key_is_shown_once(self):
        secret = self.new_key(self.organization, ["viewer"])
        self.assertRegex(secret, "^wbk_[^_]+_.+")
        self.assertNotIn(secret.split("_", 2)[2], self.admin.get("/v1/keys").body.decode())


if __name__ == "__main__":
    unittest.main()
