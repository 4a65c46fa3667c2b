# SPDX-License-Identifier: Apache-2.0
"""The main job: accepted, stored, delivered signed, and the outcome is there to be read."""
import base64
import hashlib
import hmac
import json
import unittest
from datetime import datetime, timedelta, timezone

from harness import NodeTest, poll, tasks_of
from peers import Nginx, WebhookVerifier

SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()


def in_a_month():
    return (datetime.now(timezone.utc) + timedelta(days=30)).strftime("%Y-%m-%dT%H:%M:%SZ")


class AcceptAndDeliver(NodeTest):
    def test_a_report_reaches_its_destination_and_the_outcome_is_shown(self):
        destination = self.client.destination(self.receiver.url("/report"))
        receipt = self.client.deliver([destination["id"]], {"title": "Zürich €", "rows": [1, 2.5, None]},
                                      {"correlationId": "batch-7", "tags": ["q1"], "priority": 8}, metadata={"reportType": "compliance"})
        self.assertRegex(receipt["deliveryId"], "^dlv_")
        self.assertEqual([target["destinationId"] for target in receipt["destinations"]], [destination["id"]])
        view = self.client.wait_delivery(receipt["deliveryId"], "completed")
        (task,) = tasks_of(view)
        self.assertEqual(task["status"], "delivered")
        self.assertEqual(task["taskId"], receipt["destinations"][0]["taskId"])

        (request,) = self.receiver.requests("/report")
        envelope = json.loads(request.body)
        self.assertEqual(envelope["data"], {"title": "Zürich €", "rows": [1, 2.5, None]})
        self.assertEqual(envelope["metadata"]["reportType"], "compliance")
        self.assertEqual(request.method, "POST")
        self.assertEqual(request.headers["x-delivery-id"], receipt["deliveryId"])
        self.assertEqual(request.headers["x-delivery-attempt"], "1")
        for header in ("idempotency-key", "x-delivery-timestamp", "webhook-id", "webhook-timestamp", "webhook-signature", "traceparent"):
            self.assertIn(header, request.headers)

    def test_the_202_names_where_to_look_and_the_link_works(self):
        destination = self.client.destination(self.receiver.url("/links"))
        answer = self.client.post("/v1/deliveries", {"destinations": [destination["id"]], "payload": {"type": "data", "data": 1}})
        self.assertEqual(answer.status, 202)
        link = answer.json["links"]["self"]
        self.assertTrue(link.startswith("http://"), link)
        self.assertTrue(answer.headers["Location"].endswith("/v1/deliveries/" + answer.json["deliveryId"]))
        self.assertEqual(self.client.get("/" + link.split("/", 3)[3]).json["deliveryId"], answer.json["deliveryId"])

    def test_the_payload_is_read_back_byte_for_byte(self):
        destination = self.client.destination(self.receiver.url("/bytes"))
        text = b'{ "a" : 1.0,\t"b": "\\u00fc \xc3\xbc", "a2": 10000000000000000000000001 }'
        body = b'{"destinations":["%s"],"payload":{"type":"data","data":%s}}' % (destination["id"].encode(), text)
        answer = self.client.post("/v1/deliveries", body)
        self.assertEqual(answer.status, 202, answer)
        stored = self.client.get(f"/v1/deliveries/{answer.json['deliveryId']}/payload")
        self.assertEqual(stored.status, 200)
        self.assertEqual(stored.body, text)

    def test_the_official_verifier_accepts_the_signature_and_refuses_another_secret(self):
        with WebhookVerifier(SECRET) as verifier:
            good = self.client.destination(verifier.url("/"))
            self.client.post(f"/v1/destinations/{good['id']}/secrets", {"secret": SECRET})
            receipt = self.client.deliver([good["id"]], {"n": 1, "text": "ü"})
            self.client.wait_delivery(receipt["deliveryId"], "completed")
            wrong = self.client.destination(verifier.url("/"), {"retry": {"maxAttempts": 1}})
            receipt = self.client.deliver([wrong["id"]])
            view = self.client.wait_delivery(receipt["deliveryId"], "failed")
            self.assertEqual(tasks_of(view)[0]["status"], "failed")

    def test_the_generated_secret_is_shown_once_and_signs(self):
        created = self.client.destination(self.receiver.url("/signed"))
        secret = created["signingSecret"]["secret"]
        self.assertTrue(secret.startswith("whsec_"))
        self.assertNotIn(secret, self.client.get(f"/v1/destinations/{created['id']}").body.decode())
        receipt = self.client.deliver([created["id"]])
        self.client.wait_delivery(receipt["deliveryId"], "completed")
        (request,) = self.receiver.requests("/signed")
        signed = f"{request.headers['webhook-id']}.{request.headers['webhook-timestamp']}.".encode() + request.body
        digest = hmac.new(base64.b64decode(secret[len("whsec_"):]), signed, hashlib.sha256).digest()
        self.assertIn("v1," + base64.b64encode(digest).decode(), request.headers["webhook-signature"].split(" "))

    def test_one_delivery_goes_to_many_destinations_each_with_its_own_outcome(self):
        good = self.client.destination(self.receiver.url("/many/good"))
        bad = self.client.destination(self.receiver.script("/many/bad", self.reply(400)), {"retry": {"maxAttempts": 1}})
        receipt = self.client.deliver([good["id"], bad["id"]])
        view = poll(lambda: self.settled(receipt["deliveryId"]), what="both outcomes")
        self.assertEqual({task["destinationId"]: task["status"] for task in tasks_of(view)}, {good["id"]: "delivered", bad["id"]: "failed"})

    def test_nginx_takes_a_thousand(self):
        with Nginx("location = /sink { echo_read_request_body; return 200 ok; }") as nginx:
            destination = self.client.destination(nginx.url("/sink"))
            ids = [self.client.deliver([destination["id"]], {"n": n})["deliveryId"] for n in range(1000)]
            for identifier in ids:
                self.client.wait_delivery(identifier, "completed")
            self.assertEqual(nginx.requests("/sink"), 1000)

    def test_the_trace_of_the_client_goes_on_to_the_destination(self):
        destination = self.client.destination(self.receiver.url("/trace"))
        trace = "0af7651916cd43dd8448eb211c80319c"
        answer = self.client.post("/v1/deliveries", {"destinations": [destination["id"]], "payload": {"type": "data", "data": 1}},
                                  headers={"traceparent": f"00-{trace}-b7ad6b7169203331-01", "X-Request-Id": "req-1"})
        self.assertEqual(answer.headers["X-Request-Id"], "req-1")
        self.assertIn(trace, answer.headers["traceparent"])
        self.client.wait_delivery(answer.json["deliveryId"], "completed")
        self.assertIn(trace, self.receiver.requests("/trace")[0].headers["traceparent"])

    def test_a_scheduled_delivery_waits_for_its_time(self):
        destination = self.client.destination(self.receiver.url("/scheduled"))
        receipt = self.client.deliver([destination["id"]], options={"scheduledAt": in_a_month()})
        marker = self.client.deliver([destination["id"]], {"marker": True})
        self.client.wait_delivery(marker["deliveryId"], "completed")
        self.assertEqual(len(self.receiver.requests("/scheduled")), 1)
        self.assertEqual(self.client.delivery(receipt["deliveryId"])["status"], "queued")
        self.assertEqual(self.client.post(f"/v1/deliveries/{receipt['deliveryId']}/cancel").status, 200)

    def reply(self, status):
        from receiver import Reply

        return Reply(status)

    def settled(self, identifier):
        view = self.client.delivery(identifier)
        return view if all(task["status"] in ("delivered", "failed") for task in tasks_of(view)) else None


if __name__ == "__main__":
    unittest.main()
