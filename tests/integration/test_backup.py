# SPDX-License-Identifier: Apache-2.0
"""Backup beside a node under load, restore into another folder and engine, migrate: everything accepted is there."""
import os
import pathlib
import resource
import shutil
import stat
import subprocess
import tempfile
import threading
import unittest

import postgres
from harness import WAYBILLD, Node, poll, tasks_of, total
from receiver import Receiver, Reply


def waybilld(*arguments, largest_file=None):
    """largest_file: in bytes; what is longer fails as on a full disk."""
    def limit():
        if largest_file is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))

    return subprocess.run([WAYBILLD, *map(str, arguments)], capture_output=True, text=True, timeout=120, preexec_fn=limit)


class Backup(unittest.TestCase):
    """Every case works for a node on SQLite; those of the engines, for each way there is."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="waybill-backup-"))
        self.addCleanup(shutil.rmtree, self.folder, True)
        self.receiver = Receiver()
        self.receiver.__enter__()
        self.addCleanup(self.receiver.__exit__)

    def node(self, store="sqlite", data=None):
        node = Node(store=store, data=data)
        self.addCleanup(node.discard)
        return node

    def place(self, engine):
        """A data folder of a node to come, and its store's URL as arguments."""
        data = pathlib.Path(tempfile.mkdtemp(prefix="waybill-test-", dir=self.folder))
        if engine == "sqlite":
            return data, "sqlite", []
        url = postgres.shared().new_database()
        return data, url, ["--store", url]

    def keys_to(self, node, data):
        """What is kept apart from the backup."""
        for name in ("master.key", "operator.key"):
            shutil.copy(node.data / name, data / name)

    def store_arguments(self, node):
        url = node.environment.get("WAYBILL_STORE_URL")
        return ["--data", node.data, *(["--store", url] if url else [])]

    def load(self, client, destination, ids, stop):
        while not stop.is_set():
            ids.append(client.deliver([destination])["deliveryId"])

    def under_load(self, node, count=60):
        """A node that accepts all the time, with waiting, delivered and dead tasks; the ids accepted before the backup."""
        client = node.client()
        down = client.destination(self.receiver.script("/down", Reply(503)), {"retry": {"initialDelayMs": 600_000, "maxDelayMs": 600_000}})
        up = client.destination(self.receiver.script("/up", Reply(200)))
        bad = client.destination(self.receiver.script("/bad", Reply(422)), {"retry": {"maxAttempts": 1}}, label="bad")
        waiting = [client.deliver([down["id"]])["deliveryId"] for _ in range(count)]
        done = [client.deliver([up["id"]])["deliveryId"] for _ in range(count)]
        dead = [client.deliver([bad["id"]])["deliveryId"] for _ in range(3)]
        for identifier in done:
            client.wait_delivery(identifier, "completed")
        for identifier in dead:
            client.wait_delivery(identifier, "failed")
        return {"down": down, "up": up, "waiting": waiting, "done": done, "dead": dead}

    def assert_sound(self, node):
        def difference():
            return node.metrics().get("waybill_reconciliation_difference", {}).get("")

        self.assertEqual(poll(lambda: [difference()] if difference() is not None else None, what="the books"), [0.0])

    def backed_up(self, node, stop_when_done=True):
        """A backup of a node that goes on accepting meanwhile."""
        known = self.under_load(node)
        stop, more = threading.Event(), []
        thread = threading.Thread(target=self.load, args=(node.client(), known["up"]["id"], more, stop))
        thread.start()
        poll(lambda: more, what="load")
        file = self.folder / "store.backup"
        done = waybilld("backup", file, *self.store_arguments(node))
        stop.set()
        thread.join()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("backed up to", done.stdout)
        self.assertEqual(stat.S_IMODE(os.stat(file).st_mode), 0o600)
        self.assert_sound(node)
        return file, known

    def assert_works(self, node, known):
        """Everything accepted before the backup is there; what waited is delivered."""
        client = node.start().client()
        self.receiver.script("/down", Reply(200))
        for identifier in known["done"]:
            self.assertEqual(client.delivery(identifier)["status"], "completed")
        for identifier in known["dead"]:
            self.assertEqual(client.delivery(identifier)["status"], "failed")
        for identifier in known["waiting"]:
            self.assertIn(tasks_of(client.delivery(identifier))[0]["status"], ("pending", "retrying", "parked"))
        self.assert_sound(node)
        fresh = client.deliver([known["up"]["id"]])["deliveryId"]
        client.wait_delivery(fresh, "completed")
        signatures = {r.headers.get("webhook-signature") is not None for r in self.receiver.requests("/up")}
        self.assertEqual(signatures, {True})  # the sealed secret was opened
        self.assert_sound(node)

    def test_a_backup_under_load_is_restored_into_either_engine(self):
        for source in ("sqlite", "postgres"):
            node = self.node(source)
            node.start()
            file, known = self.backed_up(node)
            self.assertEqual(node.stop(), 0)
            for engine in ("sqlite", "postgres"):
                with self.subTest(source=source, engine=engine):
                    data, store, arguments = self.place(engine)
                    self.keys_to(node, data)
                    done = waybilld("restore", file, "--data", data, *arguments)
                    self.assertEqual(done.returncode, 0, done.stderr)
                    restored = self.node(store, data)
                    self.assert_works(restored, known)
                    self.assertEqual(restored.stop(), 0)

    def test_what_waits_in_a_backup_is_delivered_after_the_restore(self):
        node = self.node()
        client = node.start().client()
        destination = client.destination(self.receiver.script("/later", Reply(503)), {
            "retry": {"initialDelayMs": 500, "maxDelayMs": 500, "maxAttempts": 100}, "breaker": {"failureThreshold": 1000}, "disableThreshold": 1000})
        ids = [client.deliver([destination["id"]], {"n": n})["deliveryId"] for n in range(20)]
        poll(lambda: len(self.receiver.requests("/later")) >= 20, what="first attempts")
        file = self.folder / "store.backup"
        self.assertEqual(waybilld("backup", file, "--data", node.data).returncode, 0)
        node.kill()
        data, store, arguments = self.place("postgres")
        self.keys_to(node, data)
        self.assertEqual(waybilld("restore", file, "--data", data, *arguments).returncode, 0)
        self.receiver.script("/later", Reply(200))
        restored = self.node(store, data)
        client = restored.start().client()
        for identifier in ids:
            client.wait_delivery(identifier, "completed", 30)
        keys = {}
        for request in self.receiver.requests("/later"):
            keys.setdefault(request.headers["x-delivery-id"], set()).add(request.headers["idempotency-key"])
        self.assertEqual({len(seen) for seen in keys.values()}, {1})  # the same key before and after
        self.assert_sound(restored)

    def test_a_store_is_migrated_to_the_other_engine_and_back(self):
        node = self.node()
        node.start()
        known = self.under_load(node, 20)
        url = postgres.shared().new_database()
        refused = waybilld("migrate", "--from", "sqlite", "--to", url, "--data", node.data)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("in use", refused.stderr)
        self.assertEqual(node.stop(), 0)
        done = waybilld("migrate", "--from", "sqlite", "--to", "postgres", "--data", node.data, "--store", url)
        self.assertEqual(done.returncode, 0, done.stderr)
        data, _, _ = self.place("sqlite")
        self.keys_to(node, data)
        moved = self.node(url, data)
        self.assert_works(moved, known)
        back = f"sqlite://{self.folder}/back.db"
        refused = waybilld("migrate", "--from", url, "--to", back, "--data", data)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("in use", refused.stderr)
        self.assertEqual(moved.stop(), 0)
        done = waybilld("migrate", "--from", url, "--to", back, "--data", data)
        self.assertEqual(done.returncode, 0, done.stderr)
        again, _, _ = self.place("sqlite")
        self.keys_to(node, again)
        returned = self.node(back, again)
        client = returned.start().client()
        self.assertEqual(client.delivery(known["done"][0])["status"], "completed")
        self.assert_sound(returned)

    def test_a_damaged_backup_and_a_place_with_a_store_are_refused(self):
        node = self.node()
        client = node.start().client()
        destination = client.destination(self.receiver.script("/x", Reply(200)))
        identifier = client.deliver([destination["id"]])["deliveryId"]
        client.wait_delivery(identifier, "completed")
        file = self.folder / "store.backup"
        self.assertEqual(waybilld("backup", file, "--data", node.data).returncode, 0)
        content = file.read_bytes()
        for name, damaged in {"cut": content[:-10], "changed": content[:200] + b"!" + content[201:], "empty": b"", "longer": content + b"x"}.items():
            (self.folder / name).write_bytes(damaged)
            done = waybilld("restore", self.folder / name, "--data", self.folder / "fresh")
            self.assertEqual(done.returncode, 1, name)
            self.assertRegex(done.stderr, "damaged|no backup of Waybill", name)
        self.assertFalse((self.folder / "fresh" / "waybill.db").exists())
        running = waybilld("restore", file, "--data", node.data)
        self.assertEqual(running.returncode, 1)
        self.assertIn("another node runs", running.stderr)
        self.assertEqual(node.stop(), 0)
        full = waybilld("restore", file, "--data", node.data)
        self.assertEqual(full.returncode, 1)
        self.assertIn("not empty", full.stderr)
        self.assertEqual(node.start().client().delivery(identifier)["status"], "completed")

    def test_a_restored_store_is_refused_with_another_master_key(self):
        node = self.node()
        node.start()
        file = self.folder / "store.backup"
        self.assertEqual(waybilld("backup", file, "--data", node.data).returncode, 0)
        data, _, _ = self.place("sqlite")
        self.assertEqual(waybilld("restore", file, "--data", data).returncode, 0)
        started = subprocess.run([WAYBILLD, "--data", data, "--listen", "127.0.0.1:0"], capture_output=True, text=True, timeout=60)
        self.assertEqual(started.returncode, 1)
        self.assertIn("master key", started.stderr)
        secrets = [(node.data / name).read_bytes().strip() for name in ("master.key", "operator.key")]
        for secret in secrets:
            self.assertNotIn(secret, file.read_bytes())

    def test_a_full_disk_leaves_neither_half_a_backup_nor_half_a_store(self):
        node = self.node()
        client = node.start().client()
        destination = client.destination(self.receiver.script("/x", Reply(503)), {"retry": {"initialDelayMs": 600_000, "maxDelayMs": 600_000}})
        for n in range(50):
            client.deliver([destination["id"]], {"noise": os.urandom(8_000).hex()})
        file = self.folder / "store.backup"
        self.assertEqual(waybilld("backup", file, "--data", node.data).returncode, 0)
        whole = file.read_bytes()
        done = waybilld("backup", file, "--data", node.data, largest_file=100_000)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("cannot write", done.stderr)
        self.assertEqual(file.read_bytes(), whole)  # the one before is still there
        self.assertEqual([path.name for path in self.folder.iterdir() if path.suffix == ".part"], [])
        data, _, _ = self.place("sqlite")
        done = waybilld("restore", file, "--data", data, largest_file=400_000)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertEqual([path.name for path in data.iterdir()], ["lock"])
        self.assertEqual(waybilld("restore", file, "--data", data).returncode, 0)

    def test_wrong_usage_says_what_is_wrong(self):
        self.assertEqual(waybilld("backup").returncode, 2)
        self.assertEqual(waybilld("migrate", "--from", "sqlite").returncode, 2)
        done = waybilld("backup", self.folder / "a", "--data", self.folder / "nowhere")
        self.assertEqual(done.returncode, 1)
        self.assertIn("there is no store", done.stderr)
        self.assertFalse((self.folder / "a").exists())
        done = waybilld("migrate", "--from", "sqlite", "--to", "postgres", "--data", self.folder)
        self.assertIn("store.url", done.stderr)
        for command in ("backup", "restore", "migrate"):
            self.assertIn(command, waybilld("--help").stdout)


if __name__ == "__main__":
    unittest.main()
