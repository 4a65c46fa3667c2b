# SPDX-License-Identifier: Apache-2.0
"""Deliveries as e-mails through a real node: to a real Exim, read by Python's email package, and to a provider's HTTP API."""
import email
import email.policy
import hashlib
import json
import pathlib
import re
import subprocess
import tempfile
import unittest

from harness import Client, MASK, Node, NodeTest, ROOT, poll, tasks_of
from peers import Process, answers, free_port
from test_payloads import MIB, digest_of, pieces, upload

PASSWORD = "s3cret pass"


class Exim(Process):
    """tests/peers/exim: unprivileged, with a certificate of its own."""

    def certificate(self):
        if not (self.folder / "made.key").exists():
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                            "-keyout", "made.key", "-out", "made.pem", "-subj", "/CN=localhost",
                            "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"], cwd=self.folder, check=True, capture_output=True)
            (self.folder / "made.pem").rename(self.folder / "ca.pem")
        return str(self.folder / "ca.pem"), str(self.folder / "made.key")

    def command(self):
        self.folder.chmod(0o755)
        return [str(ROOT / "tests" / "peers" / "exim" / "run"), str(self.folder / "exim"), str(self.port), str(free_port()), *self.certificate()]

    def destination(self, **more):
        provider = {"type": "smtp", "host": "localhost", "port": self.port,
                    "auth": {"type": "password", "username": "tester", "password": PASSWORD}, **more.pop("provider", {})}
        return {"provider": provider, "from": "Reports <reports@sender.test>", "subject": "Report {{metadata.month}}",
                "text": "Rows: {{data.rows}}", "tls": {"caPem": (self.folder / "ca.pem").read_text()}, **more}

    def mails(self, recipient, count=1):
        """What arrived for a recipient of the envelope."""
        def found():
            texts = [path.read_bytes() for path in sorted((self.folder / "exim" / "mail" / "new").glob("*"))]
            mine = [t for t in texts if re.search(rb"^Envelope-to: .*" + re.escape(recipient.encode()), t, re.M)]
            return mine if len(mine) >= count else None

        return [email.message_from_bytes(text, policy=email.policy.default) for text in poll(found, 20, f"{count} mails for {recipient}")]


class MailApis(Process):
    """tests/plugins/email/mail_apis.cjs: answers as providers' HTTP APIs do."""

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="waybill-peer-"))
        with open(self.folder / "output.log", "ab") as output:
            self.process = subprocess.Popen(["node", str(ROOT / "tests" / "plugins" / "email" / "mail_apis.cjs")], stdout=output, stderr=output)
        line = poll(lambda: re.search(r"listening on (\d+)\n", (self.folder / "output.log").read_text()), 20, "the mail APIs")
        self.port = int(line.group(1))
        assert answers(self.port)
        return self


def attachments(mail):
    return {part.get_filename(): part.get_content() for part in mail.iter_attachments()}


class Emails(NodeTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        try:
            cls.exim = cls.stack.enter_context(Exim())
            cls.apis = cls.stack.enter_context(MailApis())
        except BaseException:
            cls.node.stop()
            cls.stack.close()
            raise

    def create(self, config, policy=None, client=None):
        body = {"type": "email", "label": "mail", "config": config}
        if policy is not None:
            body["policy"] = policy
        answer = (client or self.client).post("/v1/destinations", body)
        self.assertEqual(answer.status, 201, answer)
        return answer.json["id"]

    def deliver(self, destination, status="completed", **more):
        receipt = self.client.deliver([destination], {"rows": 3}, **more)
        return self.client.wait_delivery(receipt["deliveryId"], status)

    def test_a_delivery_becomes_a_mail_and_no_secret_is_shown(self):
        destination = self.create(self.exim.destination(to=["Anna <anna@example.com>"], bcc=["bert@example.com"],
                                                        attachment={"filename": "report-{{metadata.month}}.json"}))
        shown = self.client.get(f"/v1/destinations/{destination}").json
        self.assertEqual(shown["config"]["provider"]["auth"]["password"], MASK)
        tested = self.client.post(f"/v1/destinations/{destination}/test")
        self.assertEqual(tested.json["ok"], True, tested)
        view = self.deliver(destination, metadata={"month": "März"})
        mail = self.exim.mails("anna@example.com")[0]
        self.assertEqual(mail["subject"], "Report März")
        self.assertEqual(mail["message-id"], tasks_of(view)[0]["externalReference"])
        self.assertIn(tasks_of(view)[0]["taskId"], mail["message-id"])
        self.assertEqual(mail.get_body().get_content().strip(), "Rows: 3")
        self.assertEqual(json.loads(attachments(mail)["report-März.json"]), {"rows": 3})
        self.assertIsNone(mail["bcc"])
        self.assertEqual(len(self.exim.mails("bert@example.com")), 1)
        attempt = tasks_of(view)[0]["attemptLog"][0]["attemptId"]
        text = self.client.get(f"/v1/deliveries/{view['deliveryId']}/attempts/{attempt}").body.decode()
        self.assertIn("anna@example.com", text)
        self.assertNotIn(PASSWORD, text + self.node.log_text())

    def test_greylisting_is_waited_for_and_reaches_each_recipient_once(self):
        destination = self.create(self.exim.destination(to=["greylist@example.com", "prompt@example.com"], provider={"greylistDelaySeconds": 0}),
                                  {"retry": {"initialDelayMs": 50, "maxAttempts": 50, "maxDelayMs": 200}})
        receipt = self.client.deliver([destination], {"rows": 1})
        prompt = self.exim.mails("prompt@example.com")
        (self.exim.folder / "exim" / "open").touch()
        self.client.wait_delivery(receipt["deliveryId"], "completed")
        late = self.exim.mails("greylist@example.com")
        self.assertEqual([m["message-id"] for m in late], [m["message-id"] for m in prompt])
        self.assertEqual(len(self.exim.mails("prompt@example.com")), 1)

    def test_a_recipient_that_is_refused_for_good_fails_the_delivery_at_once(self):
        destination = self.create(self.exim.destination(to=["nouser@example.com"]))
        view = self.deliver(destination, "failed")
        task = tasks_of(view)[0]
        self.assertEqual((task["category"], len(task["attemptLog"])), ("validation", 1))
        attempt = self.client.get(f"/v1/deliveries/{view['deliveryId']}/attempts/{task['attemptLog'][0]['attemptId']}").body.decode()
        self.assertIn("no such user", attempt)

    def test_a_large_payload_streams_into_an_attachment(self):
        destination = self.create(self.exim.destination(to=["large@example.com"]))
        status, stored = upload(self.node, pieces(20 * MIB), length=20 * MIB)
        self.assertEqual(status, 201, stored)
        answer = self.client.post("/v1/deliveries", {"destinations": [destination], "payload": {
            "type": "export", "payloadId": stored["payloadId"], "filename": "rows.bin"}})
        self.assertEqual(answer.status, 202, answer)
        self.client.wait_delivery(answer.json["deliveryId"], "completed", 60)
        content = attachments(self.exim.mails("large@example.com")[0])["rows.bin"]
        self.assertEqual(hashlib.sha256(content).hexdigest(), digest_of(20 * MIB))

    def test_content_above_the_limit_is_fetched_by_a_link_in_the_mail(self):
        destination = self.create(self.exim.destination(to=["linked@example.com"], text="Hello", html="<p>Hello</p>", attachment={
            "maxBytes": 1000, "link": {"expiryHours": 1, "maxAccess": 1}}))
        receipt = self.client.deliver([destination], list(range(1000)), filename="numbers.json")
        view = self.client.wait_delivery(receipt["deliveryId"], "completed")
        mail = self.exim.mails("linked@example.com")[0]
        self.assertEqual(attachments(mail), {})
        found = re.search(r"^numbers\.json \(4\.7 KiB\): (\S+)$", mail.get_body(("plain",)).get_content(), re.M)
        self.assertIsNotNone(found, mail)
        url = found.group(1)
        self.assertTrue(url.startswith(self.node.url + "/d/"), url)
        self.assertIn(f'<a href="{url}">', mail.get_body(("html",)).get_content())
        listed = self.client.get(f"/v1/download-links?deliveryId={receipt['deliveryId']}").json["data"]
        self.assertEqual([(one["url"], one["maxAccess"], one["destinationId"]) for one in listed], [(url, 1, destination)])
        outsider, path = Client(self.node.address), url[len(self.node.url):]
        answer = outsider.get(path)
        self.assertEqual((answer.status, answer.json), (200, list(range(1000))))
        self.assertIn('filename="numbers.json"', answer.headers["Content-Disposition"])
        self.assertEqual(outsider.get(path).status, 404)
        attempt = tasks_of(view)[0]["attemptLog"][0]["attemptId"]
        text = self.client.get(f"/v1/deliveries/{receipt['deliveryId']}/attempts/{attempt}").body.decode()
        self.assertIn("sentAs", text)
        self.assertNotIn(path[len("/d/"):], text + self.node.log_text())

    def test_options_of_links_that_this_node_refuses_fail_the_delivery(self):
        config = self.exim.destination(to=["unlinked@example.com"], attachment={"maxBytes": 1, "link": {"expiryHours": 1000000}})
        task = tasks_of(self.deliver(self.create(config), "failed"))[0]
        self.assertEqual((task["category"], len(task["attemptLog"])), ("configuration", 1))

    def test_a_wrong_password_is_an_authentication_failure(self):
        config = self.exim.destination(to=["anna@example.com"], provider={
            "auth": {"type": "password", "username": "tester", "password": "not the password"}})
        destination = self.create(config, {"retry": {"maxAttempts": 1}})
        tested = self.client.post(f"/v1/destinations/{destination}/test").json
        self.assertFalse(tested["ok"], tested)
        self.assertEqual(tasks_of(self.deliver(destination, "failed"))[0]["category"], "authentication")
        self.assertNotIn("not the password", self.node.log_text())

    def test_a_provider_takes_a_mail_by_its_api(self):
        config = {"provider": {"type": "postmark", "serverToken": "pm-token", "baseUrl": self.apis.url("/postmark")},
                  "from": "reports@sender.test", "to": ["{{metadata.email}}"], "subject": "Hello", "text": "x"}
        view = self.deliver(self.create(config), metadata={"email": "anna@example.com"})
        self.assertTrue(tasks_of(view)[0]["externalReference"].startswith("pm-"), view)
        # What the metadata says is no address: it will not be one at the next attempt either.
        task = tasks_of(self.deliver(self.create(config), "failed", metadata={"email": "anna@example.com\r\nBcc: x@example.com"}))[0]
        self.assertEqual((task["category"], len(task["attemptLog"])), ("validation", 1))

    def test_faults_of_a_configuration_are_told_where_they_stand(self):
        answer = self.client.post("/v1/destinations", {"type": "email", "label": "x", "config": {
            "provider": {"type": "smtp", "host": "a b"}, "from": "nobody", "to": ["a@example.com", "b"], "subject": "{{#a}}",
            "headers": {"Bcc": "x@example.com"}}})
        problem = self.assert_problem(answer, 400, "VALIDATION_ERROR")
        pointers = {fault["pointer"] for fault in problem["errors"]}
        self.assertTrue({"/config/provider/host", "/config/from", "/config/to/1", "/config/subject", "/config/headers/Bcc"} <= pointers, problem)

    def test_the_network_guard_holds_for_mail(self):
        guarded = Node(loopback=False)
        self.addCleanup(guarded.discard)
        client = guarded.start().client()
        for config in (self.exim.destination(to=["anna@example.com"]),
                       {"provider": {"type": "postmark", "serverToken": "pm-token", "baseUrl": self.apis.url("/postmark")},
                        "from": "reports@sender.test", "to": ["anna@example.com"], "subject": "Hello"}):
            destination = self.create(config, {"retry": {"maxAttempts": 1}}, client)
            view = client.wait_delivery(client.deliver([destination])["deliveryId"], "failed")
            self.assertEqual(tasks_of(view)[0]["category"], "network")
        self.assertEqual(guarded.stop(), 0)


if __name__ == "__main__":
    unittest.main()
