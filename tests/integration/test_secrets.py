# SPDX-License-Identifier: Apache-2.0
"""No secret leaves: not in an answer, not in the log, not in a file of the data folder, not in an error."""
import base64
import stat
import unittest

from harness import MASK, NodeTest, tasks_of
from receiver import Reply

OWN = "whsec_" + base64.b64encode(b"a secret that the customer chose").decode()
HEADER, BEARER, PASSWORD = "header-value-5e0f7a", "bearer-value-81c22d", "password-value-9ab3e4"


class Secrets(NodeTest):
    environment = {"WAYBILL_LOG_LEVEL": "debug"}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.answers = []
        ask = cls.client.request

        def kept(method, path, body=None, headers=None):
            answer = ask(method, path, body, headers)
            cls.answers.append((f"{method} {path}", answer))
            return answer

        cls.client.request = kept

    def with_secrets(self, path, **more):
        return self.client.destination(self.receiver.script(path, Reply(500), Reply(200)), {"retry": {"initialDelayMs": 20}},
                                       {"headers": {"X-Api-Key": HEADER}, "auth": {"type": "bearer", "token": BEARER}}, **more)

    def test_nothing_shows_a_secret_after_it_was_taken(self):
        created = self.with_secrets("/s")
        identifier, generated = created["id"], created["signingSecret"]["secret"]
        key = self.client.post("/v1/keys", {"name": "k", "roles": ["viewer"]}).json["secret"]
        self.assertEqual(self.client.post(f"/v1/destinations/{identifier}/secrets", {"secret": OWN}).status, 201)
        rotated = self.client.post(f"/v1/destinations/{identifier}/secrets/rotate", {}).json["secret"]
        self.answers.clear()
        receipt = self.client.deliver([identifier])
        view = self.client.wait_delivery(receipt["deliveryId"], "completed")
        request = self.receiver.requests("/s")[0]
        self.assertEqual((request.headers["x-api-key"], request.headers["authorization"]), (HEADER, "Bearer " + BEARER))
        for attempt in tasks_of(view)[0]["attemptLog"]:
            self.assertEqual(self.client.get(f"/v1/deliveries/{receipt['deliveryId']}/attempts/{attempt['attemptId']}").status, 200)
        for path in (f"/v1/destinations/{identifier}", "/v1/destinations", f"/v1/destinations/{identifier}/secrets", "/v1/keys",
                     f"/v1/destinations/{identifier}/health", "/metrics", "/v1/destination-types"):
            self.assertEqual(self.client.get(path).status, 200, path)
        self.client.post(f"/v1/destinations/{identifier}/test")
        self.client.patch(f"/v1/destinations/{identifier}", {"label": "renamed"})
        self.client.patch(f"/v1/destinations/{identifier}", {"config": {"auth": {"type": "bearer", "token": BEARER, "surprise": 1}}})
        self.client.post("/v1/destinations", {"type": "webhook", "config": {"url": 1, "headers": {"X-Api-Key": HEADER}}})
        secrets = {"header": HEADER, "bearer": BEARER, "generated": generated, "own": OWN, "rotated": rotated, "key": key,
                   "operator": self.node.operator_key}
        for where, answer in self.answers:
            self.assert_clean(where, answer.body + str(answer.headers).encode(), secrets)
        self.assert_clean("the log", self.node.log_text().encode(), secrets)
        self.assert_clean("standard output", "".join(self.node.lines).encode(), secrets)
        files = [f for f in self.node.data.rglob("*") if f.is_file() and f.name not in ("master.key", "operator.key")]
        self.assertTrue(any(f.name.startswith("waybill.db") for f in files))
        for file in files:
            self.assert_clean(file.name, file.read_bytes(), secrets)
        self.assert_clean("the key of a database file", b"".join(f.read_bytes() for f in files),
                          {"master key": (self.node.data / "master.key").read_text().strip()})

    def test_a_secret_reads_as_dots_and_dots_sent_back_keep_it(self):
        created = self.with_secrets("/kept")
        url = f"/v1/destinations/{created['id']}"
        shown = self.client.get(url).json
        self.assertEqual(shown["config"]["auth"]["token"], MASK)
        answer = self.client.put(url, {"type": "webhook", "label": "again", "config": shown["config"]})
        self.assertEqual(answer.status, 200, answer)
        self.receiver.script("/kept", Reply(200))
        receipt = self.client.deliver([created["id"]])
        self.client.wait_delivery(receipt["deliveryId"], "completed")
        self.assertEqual(self.receiver.requests("/kept")[0].headers["authorization"], "Bearer " + BEARER)

    def test_key_files_are_for_their_owner_alone(self):
        for name in ("master.key", "operator.key"):
            self.assertEqual(stat.S_IMODE((self.node.data / name).stat().st_mode), 0o600)
            self.assertEqual(len((self.node.data / name).read_text().splitlines()), 1)

    def test_a_database_without_its_master_key_is_refused_by_name(self):
        from harness import Node

        node = Node()
        try:
            node.start()
            node.client().destination(self.receiver.url("/x"))
            self.assertEqual(node.stop(), 0)
            (node.data / "master.key").write_text(base64.b64encode(bytes(32)).decode() + "\n")
            with self.assertRaises(AssertionError) as refused:
                node.start()
            self.assertIn("master", str(refused.exception).lower())
        finally:
            node.discard()

    def assert_clean(self, where, content, secrets):
        for name, secret in secrets.items():
            for form in (secret.encode(), base64.b64encode(secret.encode()).rstrip(b"="), secret.encode().hex().encode()):
                self.assertNotIn(form, content, f"{name} secret shown in {where}")


if __name__ == "__main__":
    unittest.main()
