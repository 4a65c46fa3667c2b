# SPDX-License-Identifier: Apache-2.0
"""One delivery to a destination of every kind at once, through a running node, with a real peer behind each. One of them is
down: the others are delivered as if nothing were, and that one is retried and gets it too."""
import itertools
import json
import pathlib
import shutil
import tempfile
import unittest
import urllib.parse

from harness import Client, NodeTest, poll, tasks_of
from postgres import Network, Postgres
from receiver import Reply
from test_email import Exim, attachments
from test_sftp import SftpServer

DATA = {"report": "Q1", "rows": [[i, f"row {i}"] for i in range(50)]}
PASSWORD = "s3cret-of-the-writer"
# As often as it takes, whatever the test's machine is busy with; the breaker is what test_retry_and_breaker is about.
PATIENT = {"retry": {"maxAttempts": 100, "initialDelayMs": 200, "multiplier": 1, "maxDelayMs": 200},
           "breaker": {"failureThreshold": 1000}, "disableThreshold": 1000}
NUMBERS = itertools.count(1)


class Peer:
    """What stands behind one destination of a kind. The servers are the test class's, the name on them is its own."""

    kind = None

    def __init__(self, test):
        self.test, self.name = test, f"fanout{next(NUMBERS)}"

    def port(self):
        """Where its server listens; None if there is none that could be away."""
        return None

    def config(self, port):
        """port: where the destination is to look for the server."""
        raise NotImplementedError

    def received(self, task):
        """What arrived, as the data of the delivery; None as long as nothing did."""
        raise NotImplementedError


class Webhook(Peer):
    kind = "webhook"

    def port(self):
        return self.test.receiver.port

    def config(self, port):
        self.test.receiver.script(f"/{self.name}", Reply(200))
        return {"url": f"http://127.0.0.1:{port}/{self.name}"}

    def received(self, task):
        requests = self.test.receiver.requests(f"/{self.name}")
        return json.loads(requests[-1].body)["data"] if requests else None


class Email(Peer):
    kind = "email"

    def port(self):
        return self.test.exim.port

    def config(self, port):
        return self.test.exim.destination(to=[f"{self.name}@example.com"], provider={"port": port})

    def received(self, task):
        mail, = self.test.exim.mails(f"{self.name}@example.com")
        return json.loads(attachments(mail)["report.json"])


class Storage(Peer):
    """A folder that the operator has opened."""

    kind = "storage"

    def config(self, port):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="waybill-fanout-"))
        self.test.addCleanup(shutil.rmtree, self.root, True)
        (self.root / ".waybill-storage").touch()
        return {"provider": "local", "config": {"root": str(self.root)}}

    def received(self, task):
        path = urllib.parse.unquote(urllib.parse.urlsplit(task["externalReference"]).path)
        return json.loads(pathlib.Path(path).read_text()) if path.startswith(str(self.root)) else None


class Sftp(Peer):
    kind = "sftp"

    def port(self):
        return self.test.sftp.port

    def config(self, port):
        return self.test.sftp.config(self.name, port)

    def received(self, task):
        return json.loads(self.test.sftp.path(f"{self.name}/report.json").read_text())


class Download(Peer):
    kind = "download"

    def config(self, port):
        return {"expiryHours": 1, "maxAccess": 1}

    def received(self, task):
        answer = Client(self.test.node.address).get("/d/" + task["externalReference"].split("/d/")[1])
        return answer.json if answer.status == 200 else None


class Database(Peer):
    kind = "database"

    def port(self):
        return self.test.postgres.port

    def config(self, port):
        self.test.postgres.sql(f"CREATE TABLE {self.name} (idempotency_key text UNIQUE, payload jsonb); "
                               f"GRANT SELECT, INSERT ON {self.name} TO writer")
        return {"host": "127.0.0.1", "port": port, "database": "postgres", "username": "writer", "password": PASSWORD,
                "tls": {"mode": "disable"}, "table": self.name, "documentColumn": "payload"}

    def received(self, task):
        return json.loads(self.test.postgres.sql(f"SELECT payload FROM {self.name}"))


PEERS = [Webhook, Email, Storage, Sftp, Download, Database]


class Fanout(NodeTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        try:
            cls.exim = cls.stack.enter_context(Exim())
            cls.sftp = cls.stack.enter_context(SftpServer())
            cls.postgres = cls.stack.enter_context(Postgres(tcp=True))
            cls.postgres.sql(f"CREATE ROLE writer LOGIN PASSWORD '{PASSWORD}'")
        except BaseException:
            cls.stack.close()
            raise

    def destination(self, peer, port):
        answer = self.client.post("/v1/destinations", {"type": peer.kind, "label": peer.kind, "config": peer.config(port), "policy": PATIENT})
        self.assertEqual(answer.status, 201, answer)
        return answer.json["id"]

    def tasks(self, delivery):
        return {task["destinationId"]: task for task in tasks_of(self.client.delivery(delivery))}

    def test_the_node_has_every_kind_and_each_takes_part(self):
        loaded = {one["type"] for one in self.client.get("/v1/destination-types").json["data"]}
        self.assertEqual({peer.kind for peer in PEERS}, loaded)

    def test_with_all_of_them_up_one_delivery_reaches_every_kind(self):
        peers = [kind(self) for kind in PEERS]
        destinations = {self.destination(peer, peer.port()): peer for peer in peers}
        delivery = self.client.deliver([*destinations], DATA, filename="report.json")["deliveryId"]
        self.client.wait_delivery(delivery, "completed", 30)
        self.assert_arrived(destinations, self.tasks(delivery))

    def assert_arrived(self, destinations, tasks, attempts=1):
        for destination, peer in destinations.items():
            with self.subTest(kind=peer.kind):
                self.assertEqual((tasks[destination]["status"], tasks[destination]["attempts"]), ("delivered", attempts))
                self.assertEqual(poll(lambda: peer.received(tasks[destination]), what=f"the data at {peer.kind}"), DATA)

    def test_while_a_webhook_is_down_the_others_are_delivered_and_it_gets_its_own_later(self):
        self.one_is_down(Webhook)

    def test_while_a_mail_server_is_down_the_others_are_delivered_and_it_gets_its_own_later(self):
        self.one_is_down(Email)

    def test_while_an_sftp_server_is_down_the_others_are_delivered_and_it_gets_its_own_later(self):
        self.one_is_down(Sftp)

    def test_while_a_database_is_down_the_others_are_delivered_and_it_gets_its_own_later(self):
        self.one_is_down(Database)

    def one_is_down(self, kind):
        others = {self.destination(peer, peer.port()): peer for peer in (k(self) for k in PEERS if k is not kind)}
        late = kind(self)
        with Network(late.port()) as network:
            network.cut()
            waiting = self.destination(late, network.port)
            delivery = self.client.deliver([waiting, *others], DATA, filename="report.json")["deliveryId"]

            def all_but_the_late_one():
                tasks = self.tasks(delivery)
                return tasks if all(tasks[one]["status"] == "delivered" for one in others) else None

            tasks = poll(all_but_the_late_one, 30, "the delivery to all that are up")
            self.assertNotEqual(tasks[waiting]["status"], "delivered")
            self.assert_arrived(others, tasks)

            def retried():
                task = self.tasks(delivery)[waiting]
                return task if task["attempts"] >= 2 and task["status"] == "retrying" else None

            self.assertEqual(poll(retried, what="retries")["category"], "network")
            self.assertEqual(self.client.delivery(delivery)["status"], "processing")
            network.heal()
            self.client.wait_delivery(delivery, "completed", 30)
        arrived = self.tasks(delivery)[waiting]
        self.assertGreater(arrived["attempts"], 1)
        self.assert_arrived({waiting: late}, {waiting: arrived}, arrived["attempts"])


if __name__ == "__main__":
    unittest.main()
