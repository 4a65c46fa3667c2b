# SPDX-License-Identifier: Apache-2.0
"""No tenant sees another: a foreign id answers as an unknown one, on every route, and nothing changes."""
import pathlib
import re
import unittest

import yaml

from harness import NodeTest, poll, tasks_of, total
from receiver import Reply

DESCRIPTION = yaml.safe_load((pathlib.Path(__file__).parents[2] / "api" / "openapi.yaml").read_text())
METHODS = {"get", "post", "put", "patch", "delete"}


class Isolation(NodeTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        case = cls("test_lists_show_only_ones_own")
        cls.organization_a, cls.a = case.new_organization("a")
        cls.organization_b, cls.b = case.new_organization("b")
        cls.destination = cls.a.destination(cls.receiver.script("/a", Reply(500)), {"retry": {"maxAttempts": 1}})["id"]
        cls.failed = cls.a.deliver([cls.destination], {"of": "a"})["deliveryId"]
        view = cls.a.wait_delivery(cls.failed, "failed")
        (task,) = tasks_of(view)
        cls.attempt = task["attemptLog"][0]["attemptId"]
        cls.task = task["taskId"]
        cls.secret = cls.a.get(f"/v1/destinations/{cls.destination}/secrets").json["data"][0]["id"]
        cls.key = cls.a.get("/v1/keys").json["data"][0]["id"]
        cls.payload = cls.a.post("/v1/payloads", b"of a", headers={"Content-Type": "text/plain"}).json["payloadId"]
        hold = cls.a.post("/v1/legal-holds", {"scope": "tag", "value": "t", "reason": "r"}).json["id"]
        erasure = cls.a.post("/v1/erasures", {"scope": "correlationId", "value": "c", "reason": "r"}).json["id"]
        job = cls.a.post("/v1/dead-letters/discard", {"tag": "of nobody"}).json["id"]
        links = cls.a.post("/v1/destinations", {"type": "download", "label": "links", "config": {}}).json["id"]
        linked = cls.a.deliver([links])["deliveryId"]
        cls.a.wait_delivery(linked, "completed")
        link = cls.a.get(f"/v1/download-links?deliveryId={linked}").json["data"][0]["id"]
        cls.things = {"linkId": link, "destinationId": cls.destination, "deliveryId": cls.failed, "attemptId": cls.attempt, "taskId": cls.task,
                      "secretId": cls.secret, "keyId": cls.key, "holdId": hold, "erasureId": erasure, "jobId": job}

    def foreign_routes(self):
        """Every operation of the interface description that names something in its path, for things of another organization.
        Destination types belong to nobody, organizations to the operator, a link's token to whoever was told it."""
        url = self.receiver.url("/b")
        bodies = {
            "replaceDestination": {"type": "webhook", "label": "stolen", "config": {"url": url}}, "patchDestination": {"label": "stolen"},
            "disableDestination": {"reason": "x"}, "addSecret": {}, "rotateSecret": {}, "patchJob": {"ratePerSecond": 1},
        }
        for path, item in DESCRIPTION["paths"].items():
            if "{" not in path or path.startswith(("/v1/destination-types/", "/v1/organizations/", "/d/")):
                continue
            filled = re.sub(r"\{(\w+)\}", lambda name: self.things[name[1]], path)
            for method in sorted(METHODS & item.keys()):
                yield method.upper(), filled, bodies.get(item[method]["operationId"])
        yield "POST", "/v1/deliveries", {"destinations": [self.destination], "payload": {"type": "data", "data": 1}}
        mine = self.b.destination(url)["id"]
        yield "POST", "/v1/deliveries", {"destinations": [mine], "payload": {"type": "data", "payloadId": self.payload}}

    def test_a_foreign_id_answers_as_an_unknown_one(self):
        before = self.a.get(f"/v1/destinations/{self.destination}")
        for method, path, body in self.foreign_routes():
            with self.subTest(f"{method} {path}"):
                answer = self.b.request(method, path, body)
                self.assert_problem(answer, 404)
                self.assertNotIn(self.organization_a, answer.body.decode())
        after = self.a.get(f"/v1/destinations/{self.destination}")
        self.assertEqual((before.body, before.headers["ETag"]), (after.body, after.headers["ETag"]))
        self.assertEqual(self.a.delivery(self.failed)["status"], "failed")

    def test_a_key_is_not_narrowed_to_a_foreign_destination(self):
        answer = self.b.post("/v1/keys", {"name": "narrowed", "roles": ["viewer"], "destinations": [self.destination]})
        self.assert_problem(answer, 400, "VALIDATION_ERROR", "/destinations/0")

    def test_a_foreign_id_leaves_a_security_event(self):
        before = total(self.node.metrics(), "waybill_security_events_total")
        self.b.get(f"/v1/destinations/{self.destination}")
        poll(lambda: total(self.node.metrics(), "waybill_security_events_total") > before, what="a security event")

    def test_the_body_may_not_name_another_organization(self):
        mine = self.b.destination(self.receiver.url("/b"))["id"]
        body = {"destinations": [mine], "payload": {"type": "data", "data": 1}}
        self.assert_problem(self.b.post("/v1/deliveries", {**body, "organizationId": self.organization_a}), 403, "FORBIDDEN")
        self.assertEqual(self.b.post("/v1/deliveries", {**body, "organizationId": self.organization_b}).status, 202)

    def test_only_the_operator_key_acts_for_another(self):
        forged = self.b.with_key(self.b.key, self.organization_a)
        self.assert_problem(forged.get("/v1/destinations"), 403, "FORBIDDEN")
        operator = self.node.client(organization=self.organization_a)
        self.assertEqual(operator.get(f"/v1/destinations/{self.destination}").status, 200)
        self.assert_problem(self.client.get(f"/v1/destinations/{self.destination}"), 404)
        self.assert_problem(self.node.client(organization="org_" + "0" * 26).get("/v1/destinations"), 404)

    def test_lists_show_only_ones_own(self):
        for path in ("/v1/deliveries", "/v1/destinations", "/v1/dead-letters", "/v1/keys"):
            with self.subTest(path):
                text = self.b.get(path + "?limit=500").body.decode()
                for foreign in (self.destination, self.failed, self.task, self.key):
                    self.assertNotIn(foreign, text)
        self.assertEqual(self.b.get(f"/v1/deliveries?destinationId={self.destination}").json["data"], [])
        self.assertEqual(self.b.get(f"/v1/dead-letters?destinationId={self.destination}").json["data"], [])

    def test_a_cursor_of_another_shows_nothing_of_it(self):
        for n in range(3):
            self.a.destination(self.receiver.url(f"/more/{n}"))
        cursor = self.a.get("/v1/destinations?limit=1").json["nextCursor"]
        answer = self.b.get(f"/v1/destinations?limit=500&cursor={cursor}")
        self.assertIn(answer.status, (200, 400))
        self.assertNotIn(self.destination, answer.body.decode())

    def test_dead_letters_of_another_cannot_be_redriven_or_discarded(self):
        for action in ("redrive", "discard"):
            for body in ({"destinationId": self.destination}, {"taskIds": [self.task]}, {}):
                with self.subTest(action=action, body=body):
                    answer = self.b.post(f"/v1/dead-letters/{action}", body)
                    self.assertTrue(answer.status in (400, 404) or answer.json["total"] == 0, answer)
        self.assertEqual(len(self.a.get("/v1/dead-letters").json["data"]), 1)

    def test_organizations_are_the_operators_affair(self):
        for method, path, body in (("GET", "/v1/organizations", None), ("POST", "/v1/organizations", {"name": "c"}),
                                   ("GET", f"/v1/organizations/{self.organization_a}", None),
                                   ("PATCH", f"/v1/organizations/{self.organization_a}", {"name": "stolen"})):
            with self.subTest(method + path):
                self.assertIn(self.b.request(method, path, body).status, (403, 404))

    def test_queue_numbers_are_ones_own(self):
        waiting = self.a.destination(self.receiver.url("/wait"))["id"]
        self.a.post(f"/v1/destinations/{waiting}/disable", {"reason": "test"})
        self.a.deliver([waiting])
        self.assertEqual(self.b.get("/v1/queue").json["parked"], 0)
        self.assertEqual(self.a.get("/v1/queue").json["parked"], 1)

    def test_a_revoked_key_is_dead_at_once(self):
        key = self.new_key(self.organization_b, ["viewer"])
        client = self.node.client(key)
        self.assertEqual(client.get("/v1/destinations").status, 200)
        identifier = next(k["id"] for k in self.b.get("/v1/keys").json["data"] if k["id"] in ("key_" + key.split("_")[1], key.split("_")[1]))
        self.assertEqual(self.b.delete(f"/v1/keys/{identifier}").status, 204)
        self.assert_problem(client.get("/v1/destinations"), 401, "UNAUTHENTICATED")


if __name__ == "__main__":
    unittest.main()
