# SPDX-License-Identifier: Apache-2.0
"""A node whose PostgreSQL is across a network: lost and frozen connections, TLS, a standby that takes over."""
import os
import shutil
import unittest

from harness import Node, poll
from load import Load, readiness
from postgres import Network, Postgres, make_certificate
from receiver import Receiver


class OverTheNetwork(unittest.TestCase):
    def setUp(self):
        self.receiver = self.enter(Receiver())

    def enter(self, thing):
        entered = thing.__enter__()
        self.addCleanup(thing.__exit__)
        return entered

    def node(self, url, **environment):
        node = Node(store=url, environment=environment)
        self.addCleanup(node.discard)
        node.start()
        return node

    def destination(self, node):
        return node.client().destination(self.receiver.url("/hook"), {"limits": {"maxConcurrency": 32}})["id"]

    def end(self, node):
        log = node.log_text()
        self.assertEqual(node.stop(), 0, log[-4000:])
        self.assertNotIn("waybill-secret", log)
        self.assertNotIn("Sanitizer", log)

    def test_connections_that_are_cut_are_made_again(self):
        server = self.enter(Postgres(tcp=True))
        network = self.enter(Network(server.port))
        server.new_database()
        node = self.node(server.tcp_url("test1", network.port))
        with Load(node, [self.destination(node)]) as load:
            for _ in range(3):
                load.goes_on(50)
                network.cut()
                load.is_refused()
                self.assertFalse(readiness(node)[0])
                network.heal()
            load.goes_on(50)
            load.settle()
        poll(lambda: readiness(node)[0], 30, "a ready node")
        self.end(node)

    def test_a_network_that_swallows_everything_is_given_up_and_tried_again(self):
        server = self.enter(Postgres(tcp=True))
        network = self.enter(Network(server.port))
        server.new_database()
        node = self.node(server.tcp_url("test1", network.port), WAYBILL_STORE_STATEMENT_TIMEOUT_MS="1000")
        with Load(node, [self.destination(node)]) as load:
            load.goes_on(50)
            network.freeze()
            load.is_refused()
            self.assertFalse(readiness(node)[0])
            network.heal()
            load.goes_on(50)
            load.settle()
        self.end(node)

    def test_a_certificate_is_verified_and_a_wrong_one_refused(self):
        server = Postgres("ssl = on", "ssl_cert_file = 'server.pem'", "ssl_key_file = 'server.key'", tcp=True)
        make, folder = server.make, server.folder
        make_certificate(folder, "server")
        make_certificate(folder, "other")

        def make_with_certificate():
            make()
            for name in ("server.pem", "server.key"):
                shutil.copy(folder / name, folder / "data" / name)
                if os.geteuid() == 0:
                    shutil.chown(folder / "data" / name, folder.owner(), folder.group())
            (folder / "data" / "server.key").chmod(0o600)

        server.make = make_with_certificate
        self.enter(server)
        server.new_database()
        verified = {"sslmode": "verify-full", "sslrootcert": folder / "server-ca.pem"}
        node = self.node(server.tcp_url("test1", **verified))
        self.assertEqual(server.sql("SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename = 'waybill'"), "t")
        identifier = node.client().deliver([self.destination(node)])["deliveryId"]
        node.client().wait_delivery(identifier, "completed")
        self.end(node)
        wrong = Node(store=server.tcp_url("test1", **{**verified, "sslrootcert": folder / "other-ca.pem"}))
        self.addCleanup(wrong.discard)
        with self.assertRaises(AssertionError):
            wrong.start()
        self.assertEqual(wrong.process.wait(60), 1)
        self.assertIn("certificate verify failed", wrong.log_text())
        self.assertNotIn("waybill-secret", wrong.log_text())

    def test_a_standby_takes_over_with_everything_that_was_accepted(self):
        primary = self.enter(Postgres(tcp=True))
        primary.new_database()
        standby = self.enter(primary.standby())
        # A commit is answered when both have it: then a 202 survives the loss of either.
        primary.configure("synchronous_standby_names = '*'")
        node = self.node(primary.tcp_url("test1", primary.port, standby.port))
        with Load(node, [self.destination(node)]) as load:
            load.goes_on(100)
            primary.stop("immediate")
            load.is_refused()  # the standby is there, but it is read-only
            self.assertFalse(readiness(node)[0])
            standby.promote()
            standby.configure("synchronous_standby_names = ''")
            load.goes_on(100)
            load.settle()
        self.assertGreater(int(standby.sql("SELECT accepted FROM counters", "test1")), 0)
        poll(lambda: readiness(node)[0], 30, "a ready node")
        self.end(node)


if __name__ == "__main__":
    unittest.main()
