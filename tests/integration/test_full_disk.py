# SPDX-License-Identifier: Apache-2.0
"""A disk that is full under a running node, on either store: the requests that meet it are refused, nothing is half-written,
nothing crashes, and service resumes when there is room again. The disk is a small file system of its own (needs root or sudo).
"""
import base64
import os
import unittest

from harness import Node, poll
from load import Load, readiness
from postgres import Postgres, SmallDisk
from receiver import Receiver

# Does not get smaller where the store compresses.
BIG = base64.b64encode(os.urandom(30_000)).decode()


class FullDisk(unittest.TestCase):
    def setUp(self):
        self.receiver = Receiver()
        self.receiver.__enter__()
        self.addCleanup(self.receiver.__exit__)

    def disk(self, megabytes):
        disk = SmallDisk(megabytes)
        self.addCleanup(disk.discard)
        return disk

    def node(self, **options):
        node = Node(**options)
        self.addCleanup(node.discard)
        return node.start()

    def destination(self, node):
        return node.client().destination(self.receiver.url("/hook"), {"limits": {"maxConcurrency": 32}})["id"]

    def post_until_refused(self, node, destination):
        """Large payloads, so that the disk is soon full to the last block."""
        client = node.client()
        kept = []

        def refused():
            answer = client.post("/v1/deliveries", {"destinations": [destination], "payload": {"type": "data", "data": BIG}})
            if answer.status == 202:
                kept.append(answer.json["deliveryId"])
                return None
            # 504: the server was still dying when the request's time was over, and nobody has answered it.
            return answer if answer.status != 504 else None

        answer = poll(refused, 120, "a refusal", pause=0)
        self.assertIn(answer.status, (503, 507), answer)
        self.assertEqual(answer.json["code"], "STORE_UNAVAILABLE")
        return kept

    def check_kept(self, node, kept):
        for identifier in kept:
            self.assertEqual(len(node.client().get(f"/v1/deliveries/{identifier}/content").body), len(BIG) + 2)

    def test_sqlite(self):
        disk = self.disk(160)
        node = self.node(data=disk.path / "data", store="sqlite")
        destination = self.destination(node)
        with Load(node, [destination]) as load:
            load.goes_on(50)
            disk.fill()
            kept = self.post_until_refused(node, destination)
            load.is_refused()
            ready, checks = readiness(node)
            self.assertFalse(ready)
            self.assertFalse(checks["disk"])
            poll(lambda: not readiness(node)[1]["store"], 10, "the store's check")
            self.assertEqual(node.client().get("/v1/destinations").status, 200, "reading needs no room")
            disk.give_back()
            load.goes_on(50)
            load.settle()
        poll(lambda: readiness(node)[0], 30, "a ready node")
        for identifier in kept:
            self.assertEqual(node.client().delivery(identifier)["status"], "completed")
        self.assertEqual(node.stop(), 0)

    def run_on(self, server, disk, dies):
        # A server that is giving up may leave a commit unanswered: its own requests are told nothing (504), all others soon.
        node = self.node(store=server.new_database(), environment={"WAYBILL_SERVER_REQUEST_TIMEOUT_MS": "5000"})
        destination = self.destination(node)
        with Load(node, [destination]) as load:
            load.goes_on(50)
            disk.fill()
            kept = self.post_until_refused(node, destination)
            load.is_refused()
            poll(lambda: not readiness(node)[0], 10, "the store's check")
            if dies:
                server.process.wait(60)
            disk.give_back()
            if dies:
                server.start()
            load.goes_on(50)
            load.settle()
        poll(lambda: readiness(node)[0], 30, "a ready node")
        for identifier in kept:
            self.assertEqual(node.client().delivery(identifier)["status"], "completed")
        self.assertEqual(node.stop(), 0)

    def server(self, *settings, **where):
        server = Postgres("fsync = on", "full_page_writes = on", *settings, **where)
        server.__enter__()
        self.addCleanup(server.__exit__)
        return server

    def test_postgres_with_no_room_for_its_tables(self):
        tables, log = self.disk(120), self.disk(400)
        self.run_on(self.server("max_wal_size = 128MB", folder=tables.path / "pg", wal_disk=log), tables, dies=False)

    def test_postgres_with_no_room_for_its_log(self):
        """PostgreSQL gives up altogether then; whoever looks after it makes room and starts it again."""
        log = self.disk(100)
        self.run_on(self.server("max_wal_size = 64MB", "min_wal_size = 32MB", "restart_after_crash = off", wal_disk=log), log, dies=True)


if __name__ == "__main__":
    unittest.main()
