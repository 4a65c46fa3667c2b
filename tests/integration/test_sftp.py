# SPDX-License-Identifier: Apache-2.0
"""The sftp handler through a real node, with a real OpenSSH server as its peer."""
import hashlib
import json
import subprocess
import unittest

from harness import ROOT, NodeTest, poll, tasks_of
from peers import Process
from postgres import Network
from test_payloads import upload

SERVER = ROOT / "tests" / "peers" / "sftp-server"
PASSWORD = "s3cret pass"


class SftpServer(Process):
    """OpenSSH's sshd, unprivileged, with a user of its own."""

    def command(self):
        if not (self.folder / "authorized_keys").exists():
            subprocess.run([SERVER, "keys", self.folder], check=True)
        return [str(SERVER), "openssh", str(self.folder), str(self.port)]

    def fingerprint(self, key="host_ed25519"):
        shown = subprocess.run(["ssh-keygen", "-lf", self.folder / f"{key}.pub"], check=True, capture_output=True, text=True)
        return shown.stdout.split()[1]

    def config(self, folder, port=None, **more):
        return {"host": "127.0.0.1", "port": port or self.port, "username": "tester", "path": folder, "filename": "{filename}",
                "auth": {"type": "password", "password": PASSWORD}, "hostKey": {"fingerprints": [self.fingerprint()]}, **more}

    def path(self, name):
        return self.folder / "data" / name

    def sessions(self):
        return (self.folder / "output.log").read_text().count("Accepted ")


class Sftp(NodeTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        try:
            cls.server = cls.stack.enter_context(SftpServer())
        except BaseException:
            cls.stack.close()
            raise

    def destination(self, config, policy=None):
        body = {"type": "sftp", "label": "files", "config": config}
        if policy:
            body["policy"] = policy
        answer = self.client.post("/v1/destinations", body)
        self.assertEqual(answer.status, 201, answer)
        return answer.json["id"]

    def test_a_delivery_becomes_a_file_and_its_path_is_the_reference(self):
        destination = self.destination(self.server.config("one/{organizationId}"))
        receipt = self.client.deliver([destination], {"n": 7}, filename="report.json")
        view = self.client.wait_delivery(receipt["deliveryId"], "completed")
        task = tasks_of(view)[0]
        self.assertEqual(json.loads(self.server.path(task["externalReference"]).read_text()), {"n": 7})
        self.assertTrue(task["externalReference"].endswith("/report.json"), task)
        self.assertNotIn(PASSWORD, json.dumps(view))

    def test_the_connection_test_says_what_is_wrong(self):
        good = self.destination(self.server.config("tested"))
        self.assertTrue(self.outcome_of_test(good)["ok"])
        self.assertFalse(self.server.path("tested").exists())
        bad = self.destination(self.server.config("tested", auth={"type": "password", "password": "wrong"}))
        self.assertEqual(self.outcome_of_test(bad)["category"], "authentication")
        stranger = {"fingerprints": ["SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU"]}
        changed = self.destination(self.server.config("tested", hostKey=stranger))
        answer = self.outcome_of_test(changed)
        self.assertEqual(answer["category"], "authentication")

    def outcome_of_test(self, destination):
        answer = self.client.post(f"/v1/destinations/{destination}/test")
        self.assertEqual(answer.status, 200, answer)
        return answer.json

    def test_secrets_are_masked_and_a_missing_host_key_is_a_fault(self):
        destination = self.destination(self.server.config("x"))
        shown = self.client.get(f"/v1/destinations/{destination}")
        self.assertNotIn(PASSWORD, shown.body.decode())
        config = self.server.config("x")
        del config["hostKey"]
        answer = self.client.post("/v1/destinations", {"type": "sftp", "label": "x", "config": config})
        self.assertEqual(answer.status, 400, answer)

    def test_a_batch_goes_over_one_session(self):
        before = self.server.sessions()
        destination = self.destination(self.server.config("batch"), {"batch": {"maxCount": 20, "maxWaitMs": 60_000}})
        ids = [self.client.deliver([destination], {"n": n}, filename=f"{n}.json")["deliveryId"] for n in range(20)]
        for identifier in ids:
            self.client.wait_delivery(identifier, "completed")
        self.assertEqual(sorted(p.name for p in self.server.path("batch").iterdir()), sorted(f"{n}.json" for n in range(20)))
        self.assertEqual(self.server.sessions(), before + 1)

    def test_an_upload_that_is_cut_is_resumed_by_the_next_attempt(self):
        content = bytes(range(256)) * 4096 * 48  # 48 MiB: far more than the buffers on the way
        with Network(self.server.port) as network:
            destination = self.destination(self.server.config("cut", network.port),
                                           {"retry": {"initialDelayMs": 50, "maxAttempts": 10}})
            _, stored = upload(self.node, content, length=len(content))
            body = {"destinations": [destination], "payload": {"type": "export", "payloadId": stored["payloadId"], "filename": "big.bin"}}
            receipt = self.client.post("/v1/deliveries", body)
            self.assertEqual(receipt.status, 202, receipt)
            poll(lambda: any(p.stat().st_size > 12 << 20 for p in self.parts("cut")), what="a part of the file", pause=0.001)
            network.cut()
            network.heal()
            view = self.client.wait_delivery(receipt.json["deliveryId"], "completed", 60)
        task = tasks_of(view)[0]
        self.assertGreaterEqual(task["attempts"], 2)
        arrived = self.server.path("cut/big.bin").read_bytes()
        last = self.client.get(f"/v1/deliveries/{view['deliveryId']}/attempts/{task['attemptLog'][-1]['attemptId']}")
        self.assertIn("resumedFrom", last.body.decode())
        self.assertEqual(hashlib.sha256(arrived).hexdigest(), hashlib.sha256(content).hexdigest())
        self.assertEqual(self.parts("cut"), [])

    def parts(self, folder):
        path = self.server.path(folder)
        return list(path.glob(".waybill-*.part")) if path.exists() else []

    def test_a_server_that_is_away_is_waited_for(self):
        with Network(self.server.port) as network:
            network.cut()
            destination = self.destination(self.server.config("away", network.port), {"retry": {"initialDelayMs": 50, "maxDelayMs": 200}})
            receipt = self.client.deliver([destination], filename="a")
            poll(lambda: tasks_of(self.client.delivery(receipt["deliveryId"]))[0]["attempts"] >= 1, what="an attempt")
            network.heal()
            self.client.wait_delivery(receipt["deliveryId"], "completed")


if __name__ == "__main__":
    unittest.main()
