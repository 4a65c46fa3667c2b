# SPDX-License-Identifier: Apache-2.0
"""The database handler through a real node, with a real PostgreSQL as its peer."""
import json
import unittest

from harness import NodeTest, poll, tasks_of
from postgres import Network, Postgres

PASSWORD = "s3cret-of-the-writer"


class Database(NodeTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        try:
            cls.database = cls.stack.enter_context(Postgres(tcp=True))
            cls.database.sql(f"CREATE ROLE writer LOGIN PASSWORD '{PASSWORD}'")
        except BaseException:
            cls.stack.close()
            raise

    def table(self, name, further=""):
        self.database.sql(f"CREATE TABLE {name} (id bigint GENERATED ALWAYS AS IDENTITY, idempotency_key text UNIQUE, payload jsonb{further}); "
                          f"GRANT SELECT, INSERT ON {name} TO writer")
        return name

    def config(self, table, port=None, **more):
        # In clear: TLS and certificates are what tests/plugins/database is about.
        return {"host": "127.0.0.1", "port": port or self.database.port, "database": "postgres", "username": "writer",
                "password": PASSWORD, "tls": {"mode": "disable"}, "table": table, "documentColumn": "payload", **more}

    def destination(self, config, policy=None):
        answer = self.client.post("/v1/destinations", {"type": "database", "label": "rows", "config": config,
                                                       **({"policy": policy} if policy else {})})
        self.assertEqual(answer.status, 201, answer)
        return answer.json["id"]

    def rows(self, table, what="count(*)"):
        return self.database.sql(f"SELECT {what} FROM {table}").strip()

    def test_a_delivery_becomes_a_row_and_its_id_the_reference(self):
        table = self.table("plain", ", department text")
        config = self.config(table, referenceColumn="id", columns=[{"column": "department", "pointer": "/metadata/department"}])
        destination = self.destination(config)
        receipt = self.client.deliver([destination], {"amount": 7}, metadata={"department": "audit"})
        view = self.client.wait_delivery(receipt["deliveryId"], "completed")
        self.assertEqual(tasks_of(view)[0]["externalReference"], "1")
        self.assertEqual(self.rows(table, "payload->>'amount', department"), "7|audit")
        self.assertNotIn(PASSWORD, json.dumps(view))

    def test_the_connection_test_says_what_is_wrong_and_writes_nothing(self):
        table = self.table("tested")
        for config, expected in ((self.config(table), None), (self.config("missing"), "configuration"),
                                 (self.config(table, password="wrong"), "authentication"), (self.config(table, port=1), "network")):
            answer = self.client.post("/v1/destinations/test", {"type": "database", "label": "x", "config": config})
            self.assertEqual((answer.status, answer.json["ok"]), (200, expected is None), answer)
            if expected:
                self.assertEqual(answer.json["category"], expected, answer)
        self.assertEqual(self.rows(table), "0")

    def test_without_its_table_a_delivery_is_a_dead_letter_and_arrives_when_redriven(self):
        destination = self.destination(self.config("later"))
        receipt = self.client.deliver([destination])
        task = tasks_of(self.client.wait_delivery(receipt["deliveryId"], "failed"))[0]
        self.assertEqual((task["category"], task["attempts"]), ("configuration", 1))
        self.table("later")
        answer = self.client.post("/v1/dead-letters/redrive", {"destinationId": destination})
        self.assertEqual(answer.status, 202, answer)
        self.client.wait_delivery(receipt["deliveryId"], "completed")
        self.assertEqual(self.rows("later"), "1")

    def test_a_row_waits_for_the_one_that_it_refers_to(self):
        self.database.sql("CREATE TABLE customers (id integer PRIMARY KEY)")
        table = self.table("orders", ", customer integer REFERENCES customers")
        destination = self.destination(self.config(table, columns=[{"column": "customer", "pointer": "/data/customer"}]),
                                       {"retry": {"initialDelayMs": 100, "multiplier": 1, "maxDelayMs": 100, "maxAttempts": 100},
                                        "breaker": {"failureThreshold": 1000}, "disableThreshold": 1000})
        receipt = self.client.deliver([destination], {"customer": 7})
        poll(lambda: tasks_of(self.client.delivery(receipt["deliveryId"]))[0]["attempts"] >= 2, what="retries")
        self.assertEqual(self.rows(table), "0")
        self.database.sql("INSERT INTO customers VALUES (7)")
        self.client.wait_delivery(receipt["deliveryId"], "completed")
        self.assertEqual(self.rows(table, "customer"), "7")

    def test_a_batch_is_one_statement_with_an_outcome_for_each_task(self):
        table = self.table("batched", ", n integer NOT NULL")
        config = self.config(table, columns=[{"column": "n", "pointer": "/data/n"}])
        destination = self.destination(config, {"batch": {"maxCount": 10, "maxWaitMs": 60_000}})
        sent = {n: self.client.deliver([destination], {"n": "seven" if n == 7 else n})["deliveryId"] for n in range(10)}
        for n, identifier in sent.items():
            self.client.wait_delivery(identifier, "failed" if n == 7 else "completed")
        self.assertEqual(self.rows(table), "9")

    def test_what_a_cut_interrupts_is_written_once(self):
        table = self.table("cut")
        with Network(self.database.port) as network:
            destination = self.destination(self.config(table, network.port), {
                "retry": {"initialDelayMs": 50, "maxDelayMs": 200, "maxAttempts": 50}, "breaker": {"failureThreshold": 1000}, "disableThreshold": 1000})
            ids = []
            for n in range(200):
                ids.append(self.client.deliver([destination], {"n": n})["deliveryId"])
                if n % 50 == 25:
                    network.cut()
                    network.heal()
            for identifier in ids:
                self.client.wait_delivery(identifier, "completed", 30)
        self.assertEqual(self.rows(table, "count(*), count(DISTINCT payload->>'n')"), "200|200")


if __name__ == "__main__":
    unittest.main()
