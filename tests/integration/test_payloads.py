# SPDX-License-Identifier: Apache-2.0
"""Content of any size: in by HTTP, out by webhook and by HTTP, in bounded memory; kept once, and no longer than it is needed."""
import base64
import calendar
import hashlib
import http.client
import json
import os
import random
import socket
import subprocess
import tempfile
import time
import unittest

from harness import BUILD, Node, NodeTest, PATIENCE, poll
from hashing_receiver import HashingReceiver

MIB = 1 << 20
SIZE = int(os.environ.get("PAYLOAD_MIB", "256")) * MIB
MOST_GROWTH = 64 * MIB
SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()


def pieces(size, seed=1):
    """Bytes of which some compress and some do not: a megabyte of noise, of text, of zeros, and again; never the same."""
    noise = random.Random(seed).randbytes(MIB)
    for index in range(0, size, MIB):
        kind = (index // MIB) % 3
        mark = index.to_bytes(8, "big") + seed.to_bytes(8, "big")
        if kind == 0:
            piece = mark + noise[16:]
        elif kind == 1:
            piece = (b"%s,row,%d,some,text,that,repeats\n" % (mark.hex().encode(), index) * 20_000)[:MIB]
        else:
            piece = mark + bytes(MIB - 16)
        yield piece[:min(MIB, size - index)]


def digest_of(size, seed=1):
    sha = hashlib.sha256()
    for piece in pieces(size, seed):
        sha.update(piece)
    return sha.hexdigest()


def memory(node, what="VmHWM"):
    with open(f"/proc/{node.process.pid}/status") as status:
        for line in status:
            if line.startswith(what):
                return int(line.split()[1]) * 1024
    raise AssertionError("no memory figure")


def upload(node, body, key=None, content_type="application/octet-stream", length=None, headers=None):
    """body: bytes, or pieces of them (then chunked unless `length` is given)."""
    connection = http.client.HTTPConnection(*node.address, timeout=120 * PATIENCE)
    sent = {"Authorization": f"Bearer {key or node.operator_key}", "Content-Type": content_type, **(headers or {})}
    if length is not None:
        sent["Content-Length"] = str(length)
    connection.request("POST", "/v1/payloads", body, sent, encode_chunked=length is None and not isinstance(body, bytes))
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    return answer.status, json.loads(text)


def stored_bytes(node):
    return sum(path.stat().st_size for path in node.data.glob("waybill.db*"))


class Payloads(NodeTest):
    environment = {"WAYBILL_SERVER_UPLOAD_IDLE_TIMEOUT_MS": "3000", "WAYBILL_STORE_KEEP_UNUSED_PAYLOADS_MS": "2000"}

    def destination(self, receiver, path="/", client=None, **config):
        created = (client or self.client).destination(receiver.url(path), config={"bodyFormat": "raw", **config},
                                                      policy={"retry": {"initialDelayMs": 50}})
        answer = (client or self.client).post(f"/v1/destinations/{created['id']}/secrets", {"secret": SECRET})
        self.assertEqual(answer.status, 201, answer)
        return created["id"]

    def deliver(self, destination, payload, client=None, **more):
        answer = (client or self.client).post("/v1/deliveries", {
            "destinations": [destination], "payload": {"type": "export", "payloadId": payload, **more}})
        self.assertEqual(answer.status, 202, answer)
        return answer.json["deliveryId"]

    def test_a_large_payload_goes_through_in_bounded_memory(self):
        expected = digest_of(SIZE)
        with HashingReceiver(SECRET) as receiver:
            destination = self.destination(receiver, timeoutMs=60_000)
            upload(self.node, b"warm")  # what a first upload costs once is no growth
            before = memory(self.node, "VmRSS")
            begun = time.monotonic()
            status, stored = upload(self.node, pieces(SIZE), length=SIZE)
            took_in = time.monotonic() - begun
            self.assertEqual(status, 201, stored)
            self.assertEqual((stored["size"], stored["sha256"]), (SIZE, expected))
            after_in = memory(self.node)
            begun = time.monotonic()
            delivery = self.deliver(destination, stored["payloadId"], filename="export.bin")
            seen = receiver.wait(1, 300 * PATIENCE)[0]
            took_out = time.monotonic() - begun
        self.assertEqual((seen["size"], seen["sha256"], seen["signed"]), (SIZE, expected, True))
        view = self.client.wait_delivery(delivery, "completed", 60)
        self.assertEqual(view["payload"]["size"], SIZE)
        self.assertEqual(view["payload"]["payloadId"], stored["payloadId"])

        begun = time.monotonic()
        connection = http.client.HTTPConnection(*self.node.address, timeout=60 * PATIENCE)
        connection.request("GET", f"/v1/deliveries/{delivery}/payload", headers={"Authorization": f"Bearer {self.node.operator_key}"})
        answer = connection.getresponse()
        sha, got = hashlib.sha256(), 0
        while piece := answer.read(MIB):
            sha.update(piece)
            got += len(piece)
        took_read = time.monotonic() - begun
        connection.close()
        self.assertEqual((got, sha.hexdigest()), (SIZE, expected))
        peak = memory(self.node)
        print(f"\n  {SIZE // MIB} MiB: in {SIZE / MIB / took_in:.0f} MiB/s, out by webhook {SIZE / MIB / took_out:.0f} MiB/s, "
              f"read {SIZE / MIB / took_read:.0f} MiB/s; RSS {before / MIB:.0f} MiB before, peak {after_in / MIB:.0f} after the "
              f"upload, {peak / MIB:.0f} in all", flush=True)
        if not os.environ.get("TEST_PATIENCE") or PATIENCE == 1:
            self.assertLess(peak - before, MOST_GROWTH)

    def test_a_failed_attempt_is_repeated_from_the_first_byte(self):
        size = 5 * MIB + 17
        with HashingReceiver(SECRET, statuses=[503, 500]) as receiver:
            destination = self.destination(receiver)
            _, stored = upload(self.node, pieces(size, 2), length=size)
            delivery = self.deliver(destination, stored["payloadId"])
            seen = receiver.wait(3, 30 * PATIENCE)
            self.assertEqual({(s["size"], s["sha256"], s["signed"]) for s in seen}, {(size, stored["sha256"], True)})
            self.client.wait_delivery(delivery, "completed")

    def test_one_payload_goes_to_many_at_once_compressed_and_not_and_in_an_envelope(self):
        size = 3 * MIB
        with HashingReceiver(SECRET) as receiver:
            plain = [self.destination(receiver, f"/{i}") for i in range(4)]
            packed = self.destination(receiver, "/packed", compression="gzip")
            wrapped = self.destination(receiver, "/wrapped", bodyFormat="envelope")
            _, stored = upload(self.node, pieces(size, 3), length=size)
            for destination in plain + [packed, wrapped]:
                self.deliver(destination, stored["payloadId"])
            seen = {s["path"]: s for s in receiver.wait(6, 30 * PATIENCE)}
            for path in ("/0", "/1", "/2", "/3", "/packed"):
                self.assertEqual((seen[path]["size"], seen[path]["sha256"]), (size, stored["sha256"]), path)
            self.assertGreater(seen["/wrapped"]["size"], size * 4 // 3)
            for one in seen.values():
                self.assertTrue(one["signed"], one)

    def test_uploaded_json_is_spliced_into_the_envelope_and_what_only_claims_to_be_is_refused(self):
        document = json.dumps({"rows": ["x" * 100] * 20_000}).encode()
        with HashingReceiver(SECRET) as receiver:
            destination = self.destination(receiver, "/json", bodyFormat="envelope")
            _, stored = upload(self.node, document, content_type="application/json")
            self.deliver(destination, stored["payloadId"])
            seen = receiver.wait(1, 15 * PATIENCE)[0]
            self.assertLess(seen["size"], len(document) + 1_000)
        status, problem = upload(self.node, document[:-1], content_type="application/json")
        self.assertEqual((status, problem["code"]), (400, "VALIDATION_ERROR"))
        _, text = upload(self.node, b"a,b\n", content_type="text/csv")
        lie = self.client.post("/v1/deliveries", {"destinations": [destination], "payload": {
            "type": "data", "payloadId": text["payloadId"], "contentType": "application/json"}})
        self.assert_problem(lie, 400, "VALIDATION_ERROR", "/payload/contentType")

    def test_the_same_bytes_are_kept_once_and_never_shared_between_organizations(self):
        _, other = self.new_organization("payload-neighbour")
        content = b"".join(pieces(2 * MIB, 4))
        _, first = upload(self.node, content)
        _, again = upload(self.node, pieces(2 * MIB, 4))
        _, theirs = upload(self.node, content, key=other.key)
        self.assertEqual(first["payloadId"], again["payloadId"])
        self.assertNotEqual(first["payloadId"], theirs["payloadId"])
        with HashingReceiver() as receiver:
            mine = self.client.destination(receiver.url("/mine"))["id"]
            for payload in (theirs["payloadId"], "pay_00000000000000000000000000"):
                refused = self.client.post("/v1/deliveries", {"destinations": [mine], "payload": {"type": "data", "payloadId": payload}})
                self.assert_problem(refused, 404, "PAYLOAD_NOT_FOUND", "/payload/payloadId")

    def test_an_upload_that_is_refused_takes_no_body(self):
        viewer = self.new_key(self.client.get("/v1/organizations").json["data"][0]["id"], ["viewer"])
        for key, expected in (("wbk_no_key", 401), (viewer, 403)):
            with socket.create_connection(self.node.address, timeout=10 * PATIENCE) as raw:
                raw.sendall(f"POST /v1/payloads HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n"
                            f"Content-Length: {100 * MIB}\r\nExpect: 100-continue\r\n\r\n".encode())
                self.assertIn(f"HTTP/1.1 {expected} ".encode(), raw.recv(4096))
        status, _ = upload(self.node, b"", length=6 * 1024 * MIB)
        self.assertEqual(status, 413)

    def test_what_nobody_names_is_removed(self):
        _, stored = upload(self.node, pieces(3 * MIB, 5), length=3 * MIB)
        destination = self.client.destination(self.receiver.url("/unused"))["id"]

        def is_gone():
            answer = self.client.post("/v1/deliveries", {"destinations": [destination], "payload": {
                "type": "data", "payloadId": stored["payloadId"]}})
            return answer.status == 404

        gone_at = calendar.timegm(time.strptime(stored["expiresAt"][:19], "%Y-%m-%dT%H:%M:%S")) + 1
        poll(lambda: time.time() > gone_at, 10, "the time set for it")  # asking earlier would make it named
        self.assertTrue(is_gone())

    def test_an_upload_broken_off_leaves_nothing(self):
        def send_half(seed):
            with socket.create_connection(self.node.address, timeout=30 * PATIENCE) as raw:
                raw.sendall(f"POST /v1/payloads HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.node.operator_key}\r\n"
                            f"Content-Length: {100 * MIB}\r\n\r\n".encode())
                for piece in pieces(20 * MIB, seed):
                    raw.sendall(piece)

        for seed in range(10, 20):
            send_half(seed)
        # Freed pages are used again: twenty more of them would take 400 MiB if they stayed.
        grown = stored_bytes(self.node)
        self.assertLess(grown, SIZE + 600 * MIB)
        self.assertTrue(poll(lambda: self.node.metrics().get("waybill_http_uploads_abandoned_total"), 15, "abandoned uploads"))

    def test_deliveries_of_others_go_on_during_an_upload(self):
        destination = self.client.destination(self.receiver.url("/others"))["id"]

        def percentile(run):
            times = []
            while run():
                begun = time.monotonic()
                self.client.deliver([destination], {"n": len(times)})
                times.append(time.monotonic() - begun)
            times.sort()
            return times[int(len(times) * 0.99)] * 1000, len(times)

        until = time.monotonic() + 2
        idle, _ = percentile(lambda: time.monotonic() < until)
        sender = subprocess.Popen([BUILD / "bin" / "waybill", "--server", self.node.url, "--key-file", self.node.data / "operator.key",
                                   "deliver", "--upload", "--to", destination, self.large_file()], stdout=subprocess.PIPE)
        busy, count = percentile(lambda: sender.poll() is None)
        self.assertEqual(sender.wait(), 0)
        sender.stdout.close()
        print(f"\n  accept p99: {idle:.1f} ms alone, {busy:.1f} ms during an upload ({count} accepts)", flush=True)
        self.assertLess(busy, 250 * PATIENCE)

    def large_file(self):
        file = tempfile.NamedTemporaryFile(prefix="waybill-payload-", suffix=".bin", delete=False)
        self.addCleanup(os.unlink, file.name)
        with file:
            for piece in pieces(min(SIZE, 128 * MIB), 6):
                file.write(piece)
        return file.name

    def test_the_command_line_uploads_what_is_large_or_no_json(self):
        with HashingReceiver(SECRET) as receiver, tempfile.TemporaryDirectory() as folder:
            destination = self.destination(receiver, "/cli")
            path = os.path.join(folder, "rows.csv")
            with open(path, "wb") as file:
                for piece in pieces(4 * MIB, 7):
                    file.write(piece)
            command = [BUILD / "bin" / "waybill", "--server", self.node.url, "--key-file", self.node.data / "operator.key",
                       "deliver", "--to", destination]
            done = subprocess.run([*command, "--wait", path], capture_output=True, text=True, timeout=60 * PATIENCE)
            self.assertEqual(done.returncode, 0, done.stderr)
            with open(path, "rb") as file:
                piped = subprocess.run([*command, "--content-type", "text/csv", "-"], stdin=file, capture_output=True, text=True,
                                       timeout=60 * PATIENCE)
            self.assertEqual(piped.returncode, 0, piped.stderr)
            seen = receiver.wait(2, 30 * PATIENCE)
            for one in seen:
                self.assertEqual((one["size"], one["sha256"]), (4 * MIB, digest_of(4 * MIB, 7)))
                self.assertEqual(one["headers"]["Content-Type"], "text/csv")


class Killed(unittest.TestCase):
    def test_a_node_killed_during_an_upload_keeps_nothing_of_it_and_all_that_was_whole(self):
        node = Node(environment={"WAYBILL_SERVER_UPLOAD_IDLE_TIMEOUT_MS": "3000"})
        self.addCleanup(node.discard)
        node.start()
        _, whole = upload(node, pieces(3 * MIB, 8), length=3 * MIB)
        with HashingReceiver(SECRET) as receiver:
            destination = node.client().destination(receiver.url("/after"), config={"bodyFormat": "raw"})["id"]
            node.client().post(f"/v1/destinations/{destination}/disable", {"reason": "for now"})
            delivery = node.client().post("/v1/deliveries", {"destinations": [destination], "payload": {
                "type": "data", "payloadId": whole["payloadId"]}}).json["deliveryId"]
            with socket.create_connection(node.address, timeout=30 * PATIENCE) as raw:
                raw.sendall(f"POST /v1/payloads HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {node.operator_key}\r\n"
                            f"Content-Length: {100 * MIB}\r\n\r\n".encode())
                for piece in pieces(30 * MIB, 9):
                    raw.sendall(piece)
                node.kill()
            node.start()
            size = stored_bytes(node)
            node.client().post(f"/v1/destinations/{destination}/enable", {})
            seen = receiver.wait(1, 30 * PATIENCE)[0]
            self.assertEqual((seen["size"], seen["sha256"]), (3 * MIB, whole["sha256"]))
            node.client().wait_delivery(delivery, "completed")
            # What the killed upload had stored makes room for the next, once its time is over.
            poll(lambda: self.counts(node) == (1, 3), 30, "the sweep", pause=0.25)
            upload(node, pieces(20 * MIB, 10), length=20 * MIB)
            self.assertLess(stored_bytes(node), size + 40 * MIB)
        self.assertEqual(node.stop(), 0)

    @staticmethod
    def counts(node):
        """Rows of payloads and of chunks, where they can be looked at from outside."""
        import sqlite3

        if not (node.data / "waybill.db").exists():
            return 1, 3
        with sqlite3.connect(f"file:{node.data}/waybill.db?mode=ro", uri=True) as store:
            return tuple(store.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("payloads", "payload_chunks"))


if __name__ == "__main__":
    unittest.main()
