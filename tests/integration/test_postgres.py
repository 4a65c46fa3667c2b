# SPDX-License-Identifier: Apache-2.0
"""A node on PostgreSQL whose server is killed, stopped, restarted, locked or made to refuse: producers are told to come back,
what was answered 202 is there, and the node goes on by itself."""
import subprocess
import unittest

from harness import Node, poll
from load import Load, readiness
from postgres import Postgres
from receiver import Receiver


class Faults(unittest.TestCase):
    """The server's own default would lose commits in a crash: the node must not rely on it."""

    @classmethod
    def setUpClass(cls):
        cls.receiver = Receiver()
        cls.receiver.__enter__()
        cls.addClassCleanup(cls.receiver.__exit__)
        cls.server = Postgres("fsync = on", "full_page_writes = on", "synchronous_commit = off")
        cls.server.__enter__()
        cls.addClassCleanup(cls.server.__exit__)
        cls.node = Node(store=cls.server.new_database())
        cls.addClassCleanup(cls.node.discard)
        cls.node.start()
        cls.client = cls.node.client()
        cls.destination = cls.client.destination(cls.receiver.url("/hook"), {"limits": {"maxConcurrency": 32}})["id"]

    @classmethod
    def tearDownClass(cls):
        log = cls.node.log_text()
        assert cls.node.stop() == 0, log[-4000:]
        assert "Sanitizer" not in log, log[-8000:]

    def load(self):
        return Load(self.node, [self.destination])

    def ready_again(self):
        poll(lambda: readiness(self.node)[0], 30, "a ready node")

    def test_killed_sessions_are_opened_again_and_nothing_is_lost(self):
        with self.load() as load:
            for _ in range(5):
                load.goes_on(30)
                for pid in self.server.node_sessions():
                    self.server.sql(f"SELECT pg_terminate_backend({pid})")
            load.goes_on(30)
            load.settle()
        self.ready_again()

    def outage(self, mode):
        with self.load() as load:
            load.goes_on(100)
            self.server.stop(mode)
            load.is_refused()
            ready, checks = readiness(self.node)
            self.assertFalse(ready)
            self.assertFalse(checks["store"])
            self.assertEqual(self.node.client().get("/healthz").status, 200)
            refusal = load.refused[-1]
            self.assertEqual(refusal.json["code"], "STORE_UNAVAILABLE")
            read = self.node.client().get("/v1/deliveries")
            self.assertEqual(read.status, 503, read)
            self.assertGreaterEqual(int(read.headers["Retry-After"]), 1)
            accepted = len(load.accepted)
            load.is_refused()
            self.assertEqual(len(load.accepted), accepted, "accepted without a store")
            self.server.start()
            load.goes_on(100)
            load.settle()
        self.ready_again()

    def test_a_crash_of_the_server_loses_nothing_and_service_resumes(self):
        self.outage("immediate")

    def test_a_restart_of_the_server_loses_nothing_and_service_resumes(self):
        self.outage("fast")

    def test_a_table_that_somebody_locks_is_an_outage_that_ends_with_the_lock(self):
        # Sessions that are opened from here on wait half a second for a lock.
        self.server.sql("ALTER ROLE waybill SET lock_timeout = '500ms'")
        for pid in self.server.node_sessions():
            self.server.sql(f"SELECT pg_terminate_backend({pid})")
        with self.load() as load:
            load.goes_on(20)
            holder = subprocess.Popen(["psql", "-Xq", "-h", self.server.folder, "-U", "postgres", "test1"], stdin=subprocess.PIPE, text=True)
            try:
                holder.stdin.write("BEGIN; LOCK TABLE deliveries;\n")
                holder.stdin.flush()
                load.is_refused()
            finally:
                holder.communicate("ROLLBACK;\n", timeout=20)
            load.goes_on(20)
            load.settle()
        self.server.sql("ALTER ROLE waybill RESET lock_timeout")
        self.ready_again()

    def test_a_cancelled_statement_costs_its_batch_only(self):
        with self.load() as load:
            for _ in range(20):
                load.goes_on(5)
                self.server.sql("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE usename = 'waybill' AND state = 'active'")
            load.goes_on(20)
            load.settle()
        self.ready_again()

    def test_everything_is_there_after_a_restart_of_the_node(self):
        identifier = self.client.deliver([self.destination])["deliveryId"]
        self.client.wait_delivery(identifier, "completed")
        self.assertEqual(self.node.stop(), 0)
        self.node.start()
        type(self).client = self.node.client()
        self.assertEqual(self.client.delivery(identifier)["status"], "completed")
        self.node.kill()
        self.node.start()  # the dead node's session must not keep its successor out
        type(self).client = self.node.client()
        self.assertEqual(self.client.delivery(identifier)["status"], "completed")

    def test_a_second_node_on_the_same_database_is_refused(self):
        second = Node(store=self.node.environment["WAYBILL_STORE_URL"])
        self.addCleanup(second.discard)
        second.environment["WAYBILL_SECURITY_MASTER_KEY"] = (self.node.data / "master.key").read_text().strip()
        with self.assertRaises(AssertionError):
            second.start()
        self.assertEqual(second.process.wait(30), 1)
        self.assertIn("in use", second.log_text())
        self.client.deliver([self.destination])


class Start(unittest.TestCase):
    """What stops a start says why, names no password, and ends with 1."""

    @classmethod
    def setUpClass(cls):
        cls.server = Postgres(tcp=True)
        cls.server.__enter__()
        cls.addClassCleanup(cls.server.__exit__)

    def refused(self, url):
        node = Node(store=url)
        self.addCleanup(node.discard)
        with self.assertRaises(AssertionError):
            node.start()
        self.assertEqual(node.process.wait(60), 1)
        self.assertNotIn("waybill-secret", node.log_text())
        self.assertNotIn("no-such-password", node.log_text())
        return node.log_text()

    def test_a_wrong_password(self):
        self.server.new_database()
        log = self.refused(self.server.tcp_url("test1").replace("waybill-secret", "no-such-password"))
        self.assertIn("password authentication failed", log)

    def test_a_database_that_is_not_there(self):
        self.assertIn("does not exist", self.refused(self.server.tcp_url("nowhere")))

    def test_a_server_that_is_not_there(self):
        self.assertIn("refused", self.refused(self.server.tcp_url("test1", 1)))

    def test_a_role_that_may_not_create_tables(self):
        self.server.sql("CREATE DATABASE foreign_one")
        self.assertIn("permission denied", self.refused(self.server.tcp_url("foreign_one")))

    def test_a_schema_that_is_newer_than_the_program(self):
        node = Node(store=self.server.new_database())
        self.addCleanup(node.discard)
        node.start()
        self.assertEqual(node.stop(), 0)
        database = node.environment["WAYBILL_STORE_URL"].split("/")[3].split("?")[0]
        self.server.sql("INSERT INTO waybill_schema (number, name) VALUES (999, 'of_tomorrow')", database)
        with self.assertRaises(AssertionError):
            node.start()
        self.assertIn("newer version", node.log_text())

    def test_an_unknown_parameter_of_the_url(self):
        self.refused(self.server.tcp_url("test1") + "no_such_option=1")


if __name__ == "__main__":
    unittest.main()
