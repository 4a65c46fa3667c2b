# SPDX-License-Identifier: Apache-2.0
"""Deliveries as objects and files through a real node: Ceph's radosgw looked at by rclone, and folders looked at directly."""
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest
import urllib.parse

from harness import MASK, Node, NodeTest, PATIENCE, ROOT, poll, tasks_of
from peers import Process
from test_payloads import MIB, digest_of, pieces, upload

LIBFAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"


class Radosgw(Process):
    """An S3 server that verifies what it is sent."""

    start_limit = 120

    def command(self):
        return ["bash", str(ROOT / "tests" / "plugins" / "storage" / "start-radosgw.sh"), str(self.folder / "ceph"), str(self.port)]

    def __enter__(self):
        super().__enter__()
        poll(lambda: "ready" in (self.folder / "output.log").read_text(), self.start_limit, "radosgw")
        return self

    def rclone(self, *arguments):
        own = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        environment = {**own, "RCLONE_CONFIG": str(self.folder / "rclone.conf"), "RCLONE_CONFIG_T_TYPE": "s3",
                       "RCLONE_CONFIG_T_PROVIDER": "Ceph", "RCLONE_CONFIG_T_ENDPOINT": self.url(""),
                       "RCLONE_CONFIG_T_ACCESS_KEY_ID": "AKIDTEST", "RCLONE_CONFIG_T_SECRET_ACCESS_KEY": "SECRETTEST"}
        return subprocess.run(["rclone", *arguments], env=environment, check=True, capture_output=True, timeout=60 * PATIENCE).stdout

    def place(self, bucket, **more):
        self.rclone("mkdir", f"T:{bucket}")
        return {"bucket": bucket, "endpoint": self.url(""), "accessKeyId": "AKIDTEST", "secretAccessKey": "SECRETTEST", **more}


def storage(client, provider, place, policy=None, **more):
    body = {"type": "storage", "label": "store", "config": {"provider": provider, "config": place, **more}}
    if policy is not None:
        body["policy"] = policy
    answer = client.post("/v1/destinations", body)
    assert answer.status == 201, answer
    return answer.json


def reference(view):
    return tasks_of(view)[0]["externalReference"]


class Folders(NodeTest):
    def setUp(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="waybill-folder-"))
        self.addCleanup(shutil.rmtree, self.root, True)
        (self.root / ".waybill-storage").touch()

    def files(self):
        return sorted(str(path.relative_to(self.root)) for path in self.root.rglob("*")
                      if path.is_file() and ".waybill" not in str(path.relative_to(self.root)))

    def test_a_delivery_becomes_a_file(self):
        destination = storage(self.client, "local", {"root": str(self.root)}, path="{organizationId}/{year}", fileName="{deliveryId}.{extension}")
        receipt = self.client.deliver([destination["id"]], {"hello": "world"})
        view = self.client.wait_delivery(receipt["deliveryId"], "completed")
        path = pathlib.Path(urllib.parse.unquote(urllib.parse.urlsplit(reference(view)).path))
        self.assertEqual(json.loads(path.read_text()), {"hello": "world"})
        self.assertEqual(path.name, receipt["deliveryId"] + ".json")
        self.assertEqual(path.relative_to(self.root).parts[0], destination["organizationId"])

    def test_a_folder_that_is_not_opened_is_told_by_the_connection_test_and_by_the_task(self):
        (self.root / ".waybill-storage").unlink()
        destination = storage(self.client, "local", {"root": str(self.root)}, {"retry": {"maxAttempts": 1}})
        tested = self.client.post(f"/v1/destinations/{destination['id']}/test")
        self.assertEqual((tested.status, tested.json["ok"]), (200, False), tested)
        receipt = self.client.deliver([destination["id"]])
        view = self.client.wait_delivery(receipt["deliveryId"], "failed")
        self.assertEqual(tasks_of(view)[0]["category"], "configuration")
        (self.root / ".waybill-storage").touch()
        tested = self.client.post(f"/v1/destinations/{destination['id']}/test")
        self.assertEqual(tested.json["ok"], True, tested)
        self.assertEqual(self.files(), [])

    def test_a_large_payload_streams_into_a_file(self):
        destination = storage(self.client, "local", {"root": str(self.root)}, fileName="{filename}-{taskId}")
        status, stored = upload(self.node, pieces(40 * MIB), length=40 * MIB)
        self.assertEqual(status, 201, stored)
        answer = self.client.post("/v1/deliveries", {"destinations": [destination["id"]], "payload": {
            "type": "export", "payloadId": stored["payloadId"], "filename": "x y.bin"}})
        self.assertEqual(answer.status, 202, answer)
        self.client.wait_delivery(answer.json["deliveryId"], "completed", 60)
        self.assertEqual(len(self.files()), 1)
        self.assertEqual(hashlib.sha256((self.root / self.files()[0]).read_bytes()).hexdigest(), digest_of(40 * MIB))

    def test_a_batch_becomes_one_file_of_lines(self):
        destination = storage(self.client, "local", {"root": str(self.root)}, {"batch": {"maxCount": 5, "maxWaitMs": 60_000}})
        ids = [self.client.deliver([destination["id"]], {"n": n})["deliveryId"] for n in range(5)]
        views = [self.client.wait_delivery(identifier, "completed") for identifier in ids]
        self.assertEqual(len(self.files()), 1)
        lines = [json.loads(line) for line in (self.root / self.files()[0]).read_text().splitlines()]
        self.assertEqual([line["id"] for line in lines], ids)
        self.assertEqual([line["data"]["n"] for line in lines], list(range(5)))
        self.assertEqual([reference(view).rsplit("#", 1)[1] for view in views], [f"line={n}" for n in range(1, 6)])

    def test_faults_of_a_configuration_are_told_where_they_stand(self):
        answer = self.client.post("/v1/destinations", {"type": "storage", "label": "x", "config": {
            "provider": "local", "config": {"root": "/srv/../etc"}, "path": "a/../b", "retention": {"autoCleanup": True}}})
        problem = self.assert_problem(answer, 400)
        pointers = {fault["pointer"] for fault in problem["errors"]}
        self.assertTrue({"/config/config/root", "/config/path", "/config/retention/days"} <= pointers, problem)

    @unittest.skipIf(PATIENCE > 1, "a sanitizer and libfaketime both want to be the first library")
    def test_what_is_old_is_deleted_by_whom_it_was_written_and_nothing_else(self):
        node = Node()
        self.addCleanup(node.discard)
        client = node.start().client()
        keeping = storage(client, "local", {"root": str(self.root)}, retention={"days": 30, "autoCleanup": True}, path="a")
        other = storage(client, "local", {"root": str(self.root)}, path="a")
        old = client.deliver([keeping["id"]])["deliveryId"]
        theirs = client.deliver([other["id"]])["deliveryId"]
        for identifier in (old, theirs):
            client.wait_delivery(identifier, "completed")
        (self.root / "a" / "foreign").write_text("somebody else's")
        self.assertEqual(node.stop(), 0)
        node.environment.update({"LD_PRELOAD": LIBFAKETIME, "FAKETIME": "+40d", "FAKETIME_DONT_FAKE_MONOTONIC": "1", "NO_FAKE_STAT": "1"})
        client = node.start().client()
        fresh = client.deliver([keeping["id"]])["deliveryId"]
        client.wait_delivery(fresh, "completed")
        poll(lambda: self.files() == sorted(["a/foreign", f"a/{theirs}.json", f"a/{fresh}.json"]), 20, "the cleanup")


class Buckets(NodeTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        try:
            cls.server = cls.stack.enter_context(Radosgw())
        except BaseException:
            cls.node.stop()
            cls.stack.close()
            raise

    def test_a_delivery_becomes_an_object_and_no_secret_is_shown(self):
        destination = storage(self.client, "s3", self.server.place("plain"), path="/audit-reports/{organizationId}/{year}/{month}/",
                              metadata={"department": "{metadata.department|none}"})
        shown = self.client.get(f"/v1/destinations/{destination['id']}").json
        self.assertEqual(shown["config"]["config"]["secretAccessKey"], MASK)
        tested = self.client.post(f"/v1/destinations/{destination['id']}/test")
        self.assertEqual(tested.json["ok"], True, tested)
        receipt = self.client.deliver([destination["id"]], {"hello": "world"})
        view = self.client.wait_delivery(receipt["deliveryId"], "completed")
        key = reference(view).removeprefix("s3://plain/")
        self.assertTrue(key.startswith(f"audit-reports/{destination['organizationId']}/20"), key)
        self.assertEqual(json.loads(self.server.rclone("cat", f"T:plain/{key}")), {"hello": "world"})
        self.assertEqual(self.server.rclone("lsf", "-R", "--files-only", "T:plain").decode().split(), [key])
        attempt = tasks_of(view)[0]["attemptLog"][0]["attemptId"]
        text = self.client.get(f"/v1/deliveries/{receipt['deliveryId']}/attempts/{attempt}").body.decode()
        self.assertIn("X-Amz-Content-Sha256", text)
        self.assertNotIn("SECRETTEST", text + self.node.log_text())
        self.assertNotIn("Signature=", text)

    def test_a_large_payload_goes_in_parts(self):
        destination = storage(self.client, "s3", self.server.place("large"), fileName="{filename}")
        status, stored = upload(self.node, pieces(48 * MIB), length=48 * MIB)
        self.assertEqual(status, 201, stored)
        answer = self.client.post("/v1/deliveries", {"destinations": [destination["id"]], "payload": {
            "type": "export", "payloadId": stored["payloadId"], "filename": "export 1+1.bin"}})
        view = self.client.wait_delivery(answer.json["deliveryId"], "completed", 60)
        key = reference(view).removeprefix("s3://large/")
        self.assertEqual(self.server.rclone("hashsum", "sha256", "--download", f"T:large/{key}").decode().split()[0], digest_of(48 * MIB))

    def test_a_batch_becomes_one_object(self):
        destination = storage(self.client, "s3", self.server.place("batches"), {"batch": {"maxCount": 4, "maxWaitMs": 60_000}})
        ids = [self.client.deliver([destination["id"]], {"n": n})["deliveryId"] for n in range(4)]
        views = [self.client.wait_delivery(identifier, "completed") for identifier in ids]
        keys = {reference(view).split("#")[0] for view in views}
        self.assertEqual(len(keys), 1)
        text = self.server.rclone("cat", "T:" + keys.pop().removeprefix("s3://")).decode()
        self.assertEqual([json.loads(line)["id"] for line in text.splitlines()], ids)

    def test_a_wrong_key_is_an_authentication_failure(self):
        place = {**self.server.place("refused"), "secretAccessKey": "not-the-secret"}
        destination = storage(self.client, "s3", place, {"retry": {"maxAttempts": 1}})
        tested = self.client.post(f"/v1/destinations/{destination['id']}/test").json
        self.assertFalse(tested["ok"], tested)
        receipt = self.client.deliver([destination["id"]])
        view = self.client.wait_delivery(receipt["deliveryId"], "failed")
        self.assertEqual(tasks_of(view)[0]["category"], "authentication")

    def test_the_network_guard_holds_for_stores_and_for_metadata_services(self):
        with_guard = Node(loopback=False)
        self.addCleanup(with_guard.discard)
        client = with_guard.start().client()
        for place in (self.server.place("guarded"), {"bucket": "guarded", "credentials": {"type": "instanceRole"}}):
            destination = storage(client, "s3", place, {"retry": {"maxAttempts": 1}})
            receipt = client.deliver([destination["id"]])
            view = client.wait_delivery(receipt["deliveryId"], "failed")
            self.assertEqual(tasks_of(view)[0]["category"], "network")
        self.assertEqual(with_guard.stop(), 0)


if __name__ == "__main__":
    unittest.main()
