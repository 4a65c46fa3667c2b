# SPDX-License-Identifier: Apache-2.0
"""The audit trail, legal holds, erasure and retention of a real node, a kill -9 in the middle included."""
import hashlib
import json
import unittest

from harness import Node, NodeTest, STORE, poll, total
from receiver import Receiver, Reply


def certificate_is_sound(certificate):
    rest = {name: value for name, value in certificate.items() if name != "sha256"}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest() == certificate["sha256"]


def completed(client, erasure, deadline=30.0):
    def reached():
        answer = client.get(f"/v1/erasures/{erasure}")
        assert answer.status == 200, answer
        return answer.json if answer.json["state"] == "completed" else None

    return poll(reached, deadline, f"erasure {erasure} completed")


def order(client, scope, value, reason="on request"):
    return client.post("/v1/erasures", {"scope": scope, "value": value, "reason": reason})


def difference(node):
    return poll(lambda: node.metrics().get("waybill_reconciliation_difference"), what="the reconciler")[""]


class Compliance(NodeTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        case = cls("test_the_trail_tells_who_did_what")
        cls.organization_a, cls.a = case.new_organization("a")
        cls.organization_b, cls.b = case.new_organization("b")
        cls.auditor = cls.node.client(case.new_key(cls.organization_a, ["auditor"]))
        cls.viewer = cls.node.client(case.new_key(cls.organization_a, ["viewer"]))

    def actions(self, client, query=""):
        answer = client.get("/v1/audit?limit=500" + query)
        self.assertEqual(answer.status, 200, answer)
        return [(row["action"], row["subject"]) for row in answer.json["data"]]

    def delivered(self, client, **options):
        destination = client.destination(self.receiver.script(f"/{options.get('correlationId', 'x')}", Reply(200)))["id"]
        delivery = client.deliver([destination], {"secret": "marker"}, options)["deliveryId"]
        client.wait_delivery(delivery, "completed")
        return destination, delivery

    def test_the_trail_tells_who_did_what(self):
        destination = self.a.destination(self.receiver.url("/trail"))["id"]
        self.a.patch(f"/v1/destinations/{destination}", {"label": "other"})
        self.a.post(f"/v1/destinations/{destination}/disable", {"reason": "test"})
        self.a.post(f"/v1/destinations/{destination}/enable")
        self.a.post(f"/v1/destinations/{destination}/secrets/rotate", {})
        self.a.delete(f"/v1/destinations/{destination}")
        rows = self.actions(self.auditor, f"&subject={destination}")
        self.assertEqual(
            [action for action, _ in reversed(rows)],
            ["destination.created", "destination.changed", "destination.disabled", "destination.enabled", "secret.rotated",
             "destination.deleted"])
        row = self.auditor.get(f"/v1/audit?subject={destination}&action=destination.changed").json["data"][0]
        self.assertEqual(row["details"]["changed"], ["label"])
        self.assertTrue(row["actor"].startswith("key_"), row)
        self.assertEqual(json.loads(row["detailsText"]), row["details"])

    def test_the_trail_holds_no_secret(self):
        made = self.a.post("/v1/destinations", {"type": "webhook", "label": "x", "config": {
            "url": self.receiver.url("/s"), "headers": {"X-Api-Key": "s3cret-header"}}})
        self.assertEqual(made.status, 201, made)
        key = self.new_key(self.organization_a, ["viewer"])
        whole = self.a.get("/v1/audit?limit=500").body.decode()
        self.assertNotIn("s3cret-header", whole)
        self.assertNotIn(key, whole)
        self.assertNotIn(key.split("_")[2], whole)

    def test_only_auditors_and_admins_read_it_and_only_their_own_chain(self):
        self.assert_problem(self.viewer.get("/v1/audit"), 403, "FORBIDDEN")
        self.assert_problem(self.auditor.get("/v1/audit?chain=engine"), 403, "FORBIDDEN")
        self.assert_problem(self.auditor.get(f"/v1/audit?chain={self.organization_b}"), 403, "FORBIDDEN")
        self.assert_problem(self.auditor.post("/v1/legal-holds", {"scope": "organization", "reason": "x"}), 403, "FORBIDDEN")
        self.assert_problem(order(self.auditor, "tag", "t"), 403, "FORBIDDEN")
        self.assert_problem(order(self.a, "organization", self.organization_a), 403, "FORBIDDEN")
        self.assertIn("node.started", [action for action, _ in self.actions(self.client, "&chain=engine")])
        own = self.actions(self.client, f"&chain={self.organization_a}")
        self.assertEqual(own[-1][0], "key.created")

    def test_every_chain_verifies(self):
        for client, chain in ((self.auditor, ""), (self.client, "?chain=engine"), (self.client, f"?chain={self.organization_b}")):
            answer = client.get("/v1/audit/verify" + chain)
            self.assertEqual(answer.status, 200, answer)
            self.assertTrue(answer.json["sound"] and answer.json["complete"], answer)

    def test_a_crossing_of_tenants_leaves_a_row_once_a_minute(self):
        destination = self.a.destination(self.receiver.url("/mine"))["id"]
        for _ in range(5):
            self.assert_problem(self.b.get(f"/v1/destinations/{destination}"), 404)
        rows = poll(lambda: [r for r in self.actions(self.b) if r[0] == "security.foreign_access"], what="the row")
        self.assertEqual(len(rows), 1)
        self.assertIn(("security.foreign_access", destination), self.actions(self.client, "&chain=engine"))

    def test_an_erasure_takes_what_it_names_and_leaves_a_certificate(self):
        destination, delivery = self.delivered(self.a, correlationId="patient-1", tags=["t1"])
        _, other = self.delivered(self.a, correlationId="patient-2", tags=["t1"])
        self.a.post(f"/v1/destinations/{destination}/disable", {"reason": "down"})
        waiting = self.a.deliver([destination], {"n": 2}, {"correlationId": "patient-1"})["deliveryId"]
        answer = order(self.a, "correlationId", "patient-1")
        self.assertEqual(answer.status, 202, answer)
        done = completed(self.auditor, answer.json["id"])
        for gone in (delivery, waiting):
            self.assert_problem(self.a.get(f"/v1/deliveries/{gone}"), 404, "DELIVERY_NOT_FOUND")
        self.assertEqual(self.a.delivery(other)["status"], "completed")
        certificate = done["certificate"]
        self.assertTrue(certificate_is_sound(certificate), certificate)
        self.assertEqual(certificate["erasedRows"]["deliveries"], 2)
        self.assertEqual(certificate["cancelledTasks"], 1)
        salted = bytes.fromhex(certificate["selectorSalt"]) + b"patient-1"
        self.assertEqual(certificate["selectorSha256"], hashlib.sha256(salted).hexdigest())
        trail = self.auditor.get(f"/v1/audit?subject={answer.json['id']}")
        self.assertEqual([row["action"] for row in trail.json["data"]], ["erasure.completed", "erasure.ordered"])
        self.assertEqual(trail.json["data"][0]["details"]["certificate"], certificate)
        self.assertNotIn("patient-1", self.a.get("/v1/audit?limit=500").body.decode())
        self.assertEqual(difference(self.node), 0)

    def test_an_erasure_never_reaches_another_organization(self):
        _, mine = self.delivered(self.a, correlationId="shared", tags=["shared"])
        for scope, value in (("correlationId", "shared"), ("tag", "shared"), ("delivery", mine)):
            answer = order(self.b, scope, value)
            self.assertEqual(answer.status, 202, answer)
            self.assertNotIn("deliveries", completed(self.b, answer.json["id"])["erasedRows"])
        self.assertEqual(self.a.delivery(mine)["status"], "completed")
        self.assert_problem(self.a.get(f"/v1/erasures/{answer.json['id']}"), 404, "ERASURE_NOT_FOUND")

    def test_a_legal_hold_refuses_the_erasure_and_says_which(self):
        _, delivery = self.delivered(self.a, correlationId="held-1", tags=["held"])
        hold = self.a.post("/v1/legal-holds", {"scope": "tag", "value": "held", "reason": "docket 26-114"})
        self.assertEqual(hold.status, 201, hold)
        identifier = hold.json["id"]
        for scope, value in (("correlationId", "held-1"), ("delivery", delivery), ("tag", "held")):
            problem = self.assert_problem(order(self.a, scope, value), 409, "LEGAL_HOLD")
            self.assertIn(identifier, problem["detail"])
        self.assert_problem(order(self.client, "organization", self.organization_a), 409, "LEGAL_HOLD")
        self.assert_problem(self.b.delete(f"/v1/legal-holds/{identifier}"), 404, "HOLD_NOT_FOUND")
        self.assertIn(identifier, [h["id"] for h in self.auditor.get("/v1/legal-holds").json["data"]])
        self.assertEqual(self.a.delete(f"/v1/legal-holds/{identifier}").status, 204)
        self.assertEqual([action for action, _ in self.actions(self.auditor, f"&subject={identifier}")],
                         ["legal_hold.released", "legal_hold.placed"])
        answer = order(self.a, "delivery", delivery)
        self.assertEqual(answer.status, 202, answer)
        completed(self.a, answer.json["id"])

    def test_bad_requests_are_told_apart(self):
        self.assert_problem(order(self.a, "tag", "t", reason="about t"), 400, "VALIDATION_ERROR", "/reason")
        self.assert_problem(self.a.post("/v1/erasures", {"scope": "tag", "reason": "x"}), 400, "VALIDATION_ERROR", "/value")
        self.assert_problem(self.a.post("/v1/erasures", {"scope": "destination", "value": "x", "reason": "y"}), 400, pointer="/scope")
        self.assert_problem(order(self.client, "organization", "no id"), 400, "VALIDATION_ERROR", "/value")
        own = self.client.get("/v1/keys").json["data"][0]["organizationId"]
        self.assert_problem(order(self.client, "organization", own), 409, "CONFLICT")
        self.assert_problem(self.a.post("/v1/legal-holds", {"scope": "delivery", "value": "no id", "reason": "x"}), 400, pointer="/value")

    def test_an_organization_is_erased_with_all_it_had(self):
        organization, admin = self.new_organization("leaving")
        _, delivery = self.delivered(admin, correlationId="c", idempotencyKey="k")
        answer = order(self.client, "organization", organization, "contract ended")
        self.assertEqual(answer.status, 202, answer)
        self.assert_problem(admin.get("/v1/deliveries"), 401)
        done = completed(self.client, answer.json["id"])
        rows = done["certificate"]["erasedRows"]
        for table in ("deliveries", "delivery_destinations", "webhook_secrets", "api_keys", "idempotency_keys", "organizations"):
            self.assertGreaterEqual(rows[table], 1, rows)
        self.assert_problem(self.client.get(f"/v1/organizations/{organization}"), 404, "ORGANIZATION_NOT_FOUND")
        self.assertIn(("erasure.completed", answer.json["id"]), self.actions(self.client, "&chain=engine"))
        self.assertTrue(self.client.get(f"/v1/audit/verify?chain={organization}").json["sound"])
        self.assertEqual(difference(self.node), 0)


class Durable(unittest.TestCase):
    """Nodes that come and go."""

    def test_an_erasure_survives_a_kill_and_nothing_of_it_is_left_in_the_files(self):
        marker = "mark-4711-of-a-person"
        with Receiver() as receiver:
            node = Node()
            try:
                node.start()
                client = node.client()
                destination = client.destination(receiver.url("/ok"))["id"]
                for i in range(400):
                    client.deliver([destination], {"name": f"{marker}-{i}"}, {"correlationId": marker, "tags": [marker]})
                kept = client.deliver([destination], {"name": "kept"})["deliveryId"]
                client.wait_delivery(kept, "completed")
                answer = order(client, "correlationId", marker)
                self.assertEqual(answer.status, 202, answer)
                identifier = answer.json["id"]
                poll(lambda: client.get(f"/v1/erasures/{identifier}").json["erasedRows"].get("deliveries", 0) > 0,
                     what="the first batch")
                node.kill()
                node.start()
                client = node.client()
                done = completed(client, identifier)
                self.assertEqual(done["certificate"]["erasedRows"]["deliveries"], 400)
                self.assertEqual(client.delivery(kept)["status"], "completed")
                self.assertEqual(client.get("/v1/deliveries?tag=" + marker).json["data"], [])
                self.assertTrue(client.get("/v1/audit/verify").json["sound"])
                self.assertEqual(difference(node), 0)
                if STORE == "sqlite":
                    for file in node.data.glob("waybill.db*"):
                        self.assertNotIn(marker.encode(), file.read_bytes(), file)
                node.stop()
            finally:
                node.discard()

    def test_retention_takes_what_is_past_its_time_and_leaves_what_is_held_or_kept(self):
        with Receiver() as receiver:
            node = Node(environment={"WAYBILL_RETENTION_SWEEP_INTERVAL_MS": "200"})
            try:
                node.start()
                client = node.client()
                destination = client.destination(receiver.url("/ok"))["id"]
                delivery = client.deliver([destination], {"n": 1})["deliveryId"]
                client.wait_delivery(delivery, "completed")
                before = total(node.metrics(), "waybill_retention_passes_total")
                poll(lambda: total(node.metrics(), "waybill_retention_passes_total") > before + 1, what="two passes")
                self.assertEqual(client.get(f"/v1/deliveries/{delivery}/payload").status, 200)
                self.assertEqual(difference(node), 0)
                node.stop()
            finally:
                node.discard()


if __name__ == "__main__":
    unittest.main()
