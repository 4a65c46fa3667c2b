# SPDX-License-Identifier: Apache-2.0
"""Deliveries as blobs of Azure and objects of Google through a real node: Azurite, read by Microsoft's own client, and the storage
emulator of firebase-tools."""
import hashlib
import json
import pathlib
import re
import subprocess
import tempfile
import unittest
import urllib.parse
import urllib.request

from harness import MASK, Node, NodeTest, ROOT, poll, tasks_of
from peers import Process
from test_payloads import MIB, digest_of, pieces, upload
from test_storage import reference, storage

ACCOUNT_KEY = "a2V5LW9mLWFjY3QxLTAxMjM0NTY3ODlhYmNkZWYwMTIz"


def digests(text):
    """Of JSON as it stands, and as Python writes it: the engine keeps what it was sent."""
    return {hashlib.sha256(text).hexdigest(), hashlib.sha256(text.replace(b":", b": ")).hexdigest()}


class CloudPeer(Process):
    """A program under tests/peers; it chooses its port and says which."""
    folder_name, program = "", ""

    def prepare(self):
        run = lambda *arguments: subprocess.run(["openssl", *arguments], cwd=self.folder, check=True, capture_output=True)
        run("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
            "-keyout", "key.pem", "-out", "certificate.pem")
        run("pkey", "-in", "key.pem", "-pubout", "-out", "public.pem")

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="waybill-peer-"))
        self.prepare()
        with open(self.folder / "output.log", "ab") as output:
            self.process = subprocess.Popen(self.command(), stdout=output, stderr=output)

        def port():
            lines = (self.folder / "output.log").read_text().splitlines()
            said = [line.removeprefix("listening on ") for line in lines if line.startswith("listening on ")]
            assert said or self.process.poll() is None, lines
            return int(said[0]) if said else None
        self.port = poll(port, 30, self.program)
        return self

    def command(self):
        return ["node", str(ROOT / "tests" / "peers" / self.folder_name / self.program), *self.arguments()]

    def ask(self, method, path, body=None, **query):
        url = self.url(path + ("?" + urllib.parse.urlencode(query) if query else ""))
        request = urllib.request.Request(url, data=body, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)


class Azure(CloudPeer):
    folder_name, program = "azurite", "azurite.cjs"

    def arguments(self):
        return [str(self.folder / name) for name in ("certificate.pem", "key.pem", "public.pem")]

    def place(self, container, credentials=None):
        self.ask("POST", "/_/container", name=container)
        return {"account": "acct1", "container": container, "endpoint": self.url("/acct1"),
                "credentials": credentials or {"type": "sharedKey", "accountKey": ACCOUNT_KEY}}

    def principal(self, secret="s3cret/+"):
        return {"type": "servicePrincipal", "tenantId": "contoso.example.com", "clientId": "principal", "clientSecret": secret, "authority": self.url("")}


class Google(CloudPeer):
    folder_name, program = "gcs", "gcs.cjs"

    def arguments(self):
        return [str(self.folder / "public.pem")]

    def place(self, bucket):
        self.ask("POST", "/_/bucket", name=bucket)
        key = {"type": "service_account", "client_email": "sa@p.iam.gserviceaccount.com", "private_key": (self.folder / "key.pem").read_text(),
               "token_uri": self.url("/token")}
        return {"bucket": bucket, "endpoint": self.url(""), "credentials": {"type": "serviceAccount", "key": json.dumps(key)}}


class Clouds(NodeTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        try:
            cls.azure = cls.stack.enter_context(Azure())
            cls.google = cls.stack.enter_context(Google())
        except BaseException:
            cls.node.stop()
            cls.stack.close()
            raise

    def delivered(self, destination, payload):
        receipt = self.client.deliver([destination["id"]], payload)
        return {**self.client.wait_delivery(receipt["deliveryId"], "completed"), "deliveryId": receipt["deliveryId"]}

    def records(self, view):
        task = tasks_of(view)[0]
        return self.client.get(f"/v1/deliveries/{view['deliveryId']}/attempts/{task['attemptLog'][0]['attemptId']}").body.decode()

    def large(self, destination, size):
        status, stored = upload(self.node, pieces(size), length=size)
        self.assertEqual(status, 201, stored)
        answer = self.client.post("/v1/deliveries", {"destinations": [destination["id"]], "payload": {
            "type": "export", "payloadId": stored["payloadId"], "filename": "export 1+1.bin"}})
        self.assertEqual(answer.status, 202, answer)
        return self.client.wait_delivery(answer.json["deliveryId"], "completed", 90)

    def test_a_delivery_becomes_a_blob_and_no_secret_is_shown(self):
        destination = storage(self.client, "azure", self.azure.place("plain"), path="/audit-reports/{organizationId}/{year}/{month}/",
                              metadata={"department": "{metadata.department|none}"})
        shown = self.client.get(f"/v1/destinations/{destination['id']}").json
        self.assertEqual(shown["config"]["config"]["credentials"]["accountKey"], MASK)
        tested = self.client.post(f"/v1/destinations/{destination['id']}/test")
        self.assertEqual(tested.json["ok"], True, tested)
        view = self.delivered(destination, {"hello": "world"})
        key = urllib.parse.unquote(reference(view).split("/acct1/plain/")[1])
        self.assertTrue(key.startswith(f"audit-reports/{destination['organizationId']}/20"), key)
        self.assertEqual(self.azure.ask("GET", "/_/names", container="plain"), [key])
        stored = self.azure.ask("GET", "/_/object", container="plain", name=key)
        self.assertIn(stored["sha256"], digests(b'{"hello":"world"}'))
        self.assertEqual(stored["metadata"]["waybill_destination"], destination["id"])
        text = self.records(view)
        self.assertIn("x-ms-blob-type", text)
        self.assertNotIn(ACCOUNT_KEY, text + self.node.log_text())
        self.assertNotIn("SharedKey acct1", text + self.node.log_text())

    def test_a_service_principal_writes_and_a_wrong_secret_is_an_authentication_failure(self):
        # Tokens go over TLS only: Azurite asks for it.
        place = {**self.azure.place("principal", self.azure.principal()), "endpoint": self.azure.ask("GET", "/_/direct")}
        tls = {"caPem": (self.azure.folder / "certificate.pem").read_text()}
        destination = storage(self.client, "azure", place, tls=tls)
        view = self.delivered(destination, {"n": 1})
        self.assertEqual(len(self.azure.ask("GET", "/_/names", container="principal")), 1)
        self.assertNotIn("eyJ", self.records(view) + self.node.log_text())
        place["credentials"] = self.azure.principal("wrong-secret")
        wrong = storage(self.client, "azure", place, {"retry": {"maxAttempts": 1}}, tls=tls)
        receipt = self.client.deliver([wrong["id"]])
        view = {**self.client.wait_delivery(receipt["deliveryId"], "failed"), "deliveryId": receipt["deliveryId"]}
        self.assertEqual(tasks_of(view)[0]["category"], "authentication")
        self.assertNotIn("wrong-secret", self.records(view) + self.node.log_text())

    def test_a_large_payload_goes_in_blocks(self):
        destination = storage(self.client, "azure", self.azure.place("large"), fileName="{filename}")
        view = self.large(destination, 40 * MIB)
        key = urllib.parse.unquote(reference(view).split("/acct1/large/")[1])
        self.assertEqual(self.azure.ask("GET", "/_/object", container="large", name=key)["sha256"], digest_of(40 * MIB))

    def test_a_delivery_becomes_an_object_of_google(self):
        destination = storage(self.client, "gcs", self.google.place("plain"))
        shown = self.client.get(f"/v1/destinations/{destination['id']}").json
        self.assertEqual(shown["config"]["config"]["credentials"]["key"], MASK)
        tested = self.client.post(f"/v1/destinations/{destination['id']}/test")
        self.assertEqual(tested.json["ok"], True, tested)
        view = self.delivered(destination, {"hello": "google"})
        key, generation = reference(view).removeprefix("gs://plain/").split("#")
        stored = self.google.ask("GET", "/_/object", bucket="plain", name=key)
        self.assertIn(stored["sha256"], digests(b'{"hello":"google"}'))
        self.assertEqual(stored["generation"], generation)
        text = self.records(view)
        self.assertNotIn("ya29.", text + self.node.log_text())
        self.assertNotIn("PRIVATE KEY", text + self.node.log_text())

    def test_a_large_upload_to_google_goes_on_after_a_cut(self):
        destination = storage(self.client, "gcs", self.google.place("large"), {"retry": {"initialDelayMs": 100}}, fileName="{filename}")
        self.google.ask("POST", "/_/cut", b"", after=8 * MIB)
        before = self.google.ask("GET", "/_/counts")["bytes"]
        view = self.large(destination, 32 * MIB)
        self.assertEqual(tasks_of(view)[0]["attempts"], 2, view)
        key = reference(view).removeprefix("gs://large/").split("#")[0]
        self.assertEqual(self.google.ask("GET", "/_/object", bucket="large", name=key)["sha256"], digest_of(32 * MIB))
        # Not all of it twice.
        self.assertLess(self.google.ask("GET", "/_/counts")["bytes"] - before, 36 * MIB)

    def test_the_node_tells_of_its_connections_by_handler_type(self):
        destination = storage(self.client, "gcs", self.google.place("counted"))
        for n in range(3):
            self.delivered(destination, {"n": n})

        def figures():
            page = self.client.get("/metrics").body.decode()
            found = {name: float(value) for name, value in re.findall(r'^waybill_handler_(\w+)\{type="storage"\} (\S+)$', page, re.M)}
            wanted = ("connections_opened_total", "connections_reused_total", "bytes_sent_total", "bytes_received_total", "handshake_seconds_count")
            return found if all(found.get(name, 0) > 0 for name in wanted) else None
        found = poll(figures, 5, "the figures of connections")
        self.assertGreater(found["connections_reused_total"], found["connections_opened_total"] / 2)

    def test_the_network_guard_holds_for_clouds_and_for_their_metadata_services(self):
        guarded = Node(loopback=False)
        self.addCleanup(guarded.discard)
        client = guarded.start().client()
        for provider, place in (("azure", self.azure.place("guarded")), ("gcs", self.google.place("guarded")),
                                ("azure", {"account": "acct1", "container": "guarded", "credentials": {"type": "managedIdentity"}}),
                                ("gcs", {"bucket": "guarded", "credentials": {"type": "metadataServer"}})):
            destination = storage(client, provider, place, {"retry": {"maxAttempts": 1}})
            receipt = client.deliver([destination["id"]])
            view = client.wait_delivery(receipt["deliveryId"], "failed")
            self.assertEqual(tasks_of(view)[0]["category"], "network")
        self.assertEqual(guarded.stop(), 0)


if __name__ == "__main__":
    unittest.main()
