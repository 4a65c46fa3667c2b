# SPDX-License-Identifier: Apache-2.0
"""One delivery to a destination of every kind at once, through a running node, with a real peer behind each. One of them is
down: the others are delivered as if nothing were, and that one is retried and gets it too."""
import json
import pathlib
import shutil
import tempfile
import time
import unittest
import urllib.parse

from harness import Client, NodeTest, poll, tasks_of
from receiver import Receiver, Reply

DATA = {"report": "Q1", "rows": [[i, f"row {i}"] for i in range(50)]}
RETRY = {"retry": {"maxAttempts": 50, "initialDelayMs": 100, "multiplier": 1, "maxDelayMs": 100}}


class Peer:
    """What stands behind a destination of one kind."""

    kind = None

    def __init__(self, test):
        self.test = test

    def config(self):
        raise NotImplementedError

    def received(self, task):
        """What arrived, as the data of the delivery; None as long as nothing did."""
        raise NotImplementedError


class Webhook(Peer):
    kind = "webhook"

    def config(self):
        return {"url": self.test.receiver.script("/fanout", Reply(200))}

    def received(self, task):
        requests = self.test.receiver.requests("/fanout")
        return json.loads(requests[-1].body)["data"] if requests else None


class Download(Peer):
    kind = "download"

    def config(self):
        return {"expiryHours": 1, "maxAccess": 1}

    def received(self, task):
        link = task["externalReference"]
        answer = Client(self.test.node.address).get("/d/" + link.split("/d/")[1])
        return answer.json if answer.status == 200 else None


class Storage(Peer):
    """A folder that the operator has opened."""

    kind = "storage"

    def config(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="waybill-fanout-"))
        self.test.addCleanup(shutil.rmtree, self.root, True)
        (self.root / ".waybill-storage").touch()
        return {"provider": "local", "config": {"root": str(self.root)}}

    def received(self, task):
        path = urllib.parse.unquote(urllib.parse.urlsplit(task["externalReference"]).path)
        return json.loads(pathlib.Path(path).read_text()) if path.startswith(str(self.root)) else None


PEERS = [Webhook, Download, Storage]


class Fanout(NodeTest):
    def setUp(self):
        self.peers = [peer(self) for peer in PEERS]

    def destination(self, kind, config):
        answer = self.client.post("/v1/destinations", {"type": kind, "label": kind, "config": config, "policy": RETRY})
        self.assertEqual(answer.status, 201, answer)
        return answer.json["id"]

    def test_the_node_has_every_kind_that_takes_part(self):
        loaded = {one["type"] for one in self.client.get("/v1/destination-types").json["data"]}
        self.assertLessEqual({peer.kind for peer in PEERS}, loaded)

    def test_one_delivery_reaches_a_destination_of_every_kind_while_another_is_down(self):
        down = Receiver()  # made and left at once: its port is nobody's
        with down:
            address = down.url("/late")
        destinations = {self.destination(peer.kind, peer.config()): peer for peer in self.peers}
        late = self.destination("webhook", {"url": address})
        began = time.monotonic()
        receipt = self.client.deliver([late, *destinations], DATA, {"correlationId": "fan-out"}, filename="report.json")

        def all_but_the_late_one():
            view = self.client.delivery(receipt["deliveryId"])
            status = {task["destinationId"]: task for task in tasks_of(view)}
            return status if all(status[d]["status"] == "delivered" for d in destinations) else None

        tasks = poll(all_but_the_late_one, 30, "the delivery to all that are up")
        took = time.monotonic() - began
        self.assertIn(tasks[late]["status"], ("pending", "retrying"))
        for destination, peer in destinations.items():
            with self.subTest(kind=peer.kind):
                self.assertEqual(tasks[destination]["attempts"], 1)
                self.assertEqual(poll(lambda: peer.received(tasks[destination]), what=f"the data at {peer.kind}"), DATA)
        waiting = poll(lambda: (lambda task: task if task["attempts"] >= 2 else None)(
            next(t for t in tasks_of(self.client.delivery(receipt["deliveryId"])) if t["destinationId"] == late)), what="retries")
        self.assertEqual((waiting["status"], waiting["category"]), ("retrying", "network"))
        self.assertEqual(self.client.delivery(receipt["deliveryId"])["status"], "processing")
        with Receiver(down.port) as back:
            back.script("/late", Reply(200))
            view = self.client.wait_delivery(receipt["deliveryId"], "completed", 30)
            self.assertEqual(json.loads(back.requests("/late")[-1].body)["data"], DATA)
        arrived = next(t for t in tasks_of(view) if t["destinationId"] == late)
        self.assertGreater(arrived["attempts"], 1)
        self.assertLess(took, 30)


if __name__ == "__main__":
    unittest.main()
