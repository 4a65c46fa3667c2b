# SPDX-License-Identifier: Apache-2.0
"""Starting, stopping, starting again: the ready line, SIGTERM, what stays over a restart, the configuration's checks."""
import subprocess
import tempfile
import threading
import unittest

from harness import ROOT, WAYBILLD, Node, poll, tasks_of, total
from receiver import Hang, Receiver, Reply


def waybilld(*arguments, environment=None):
    return subprocess.run([WAYBILLD, *arguments], capture_output=True, text=True, timeout=60, env=environment)


class Lifecycle(unittest.TestCase):
    def setUp(self):
        self.receiver = Receiver()
        self.receiver.__enter__()
        self.addCleanup(self.receiver.__exit__)
        self.node = Node()
        self.addCleanup(self.node.discard)
        self.node.start()

    def test_the_first_start_says_where_it_listens_and_where_the_key_is(self):
        output = "".join(self.node.lines)
        self.assertIn(self.node.url, output)
        self.assertIn("operator.key", output)
        self.assertNotIn(self.node.operator_key, output)
        self.assertEqual(self.node.client().get("/healthz").status, 200)
        self.assertEqual(self.node.client().get("/readyz").status, 200)
        self.assertEqual(self.node.stop(), 0)

    def test_sigterm_finishes_what_is_in_flight_takes_nothing_new_and_ends_with_0(self):
        client = self.node.client()
        hang = Hang()
        destination = client.destination(self.receiver.script("/slow", hang))["id"]
        identifier = client.deliver([destination])["deliveryId"]
        poll(lambda: self.receiver.requests("/slow"), what="the attempt")
        self.node.terminate()
        poll(lambda: self.stopped_accepting(destination), what="the end of accepting")
        self.assertIsNone(self.node.process.poll(), "it did not wait for the attempt in flight")
        hang.release()
        self.assertEqual(self.node.wait(), 0)
        self.node.start()
        view = self.node.client().delivery(identifier)
        self.assertEqual((view["status"], tasks_of(view)[0]["attempts"]), ("completed", 1))
        self.assertEqual(len(self.receiver.requests("/slow")), 1)

    def stopped_accepting(self, destination):
        try:
            answer = self.node.client(timeout=5).post("/v1/deliveries", {"destinations": [destination], "payload": {"type": "data", "data": 1}})
        except OSError:
            return True
        return answer.status == 503

    def test_what_hangs_longer_than_the_grace_time_is_handed_back_and_delivered_after_the_start(self):
        self.node.stop()
        self.node.environment["WAYBILL_QUEUE_DRAIN_TIMEOUT_MS"] = "500"
        client = self.node.start().client()
        destination = client.destination(self.receiver.script("/stuck", Hang(), Reply(200)))["id"]
        identifier = client.deliver([destination])["deliveryId"]
        poll(lambda: self.receiver.requests("/stuck"), what="the attempt")
        self.assertEqual(self.node.stop(), 0)
        self.node.start().client().wait_delivery(identifier, "completed")
        self.assertEqual(len(self.receiver.requests("/stuck")), 2)

    def test_sigterm_under_load_loses_nothing_that_was_answered_202(self):
        client = self.node.client()
        destination = client.destination(self.receiver.url("/load"), {"limits": {"maxConcurrency": 50}})["id"]
        accepted, stop = [], threading.Event()

        def post():
            poster = self.node.client()
            while not stop.is_set():
                try:
                    answer = poster.post("/v1/deliveries", {"destinations": [destination], "payload": {"type": "data", "data": 1}})
                except OSError:
                    return
                if answer.status == 202:
                    accepted.append(answer.json["deliveryId"])
                elif answer.status == 503:
                    return

        threads = [threading.Thread(target=post) for _ in range(4)]
        for thread in threads:
            thread.start()
        poll(lambda: len(accepted) >= 200, 60, "200 accepted")
        self.assertEqual(self.node.stop(), 0)
        stop.set()
        for thread in threads:
            thread.join()
        client = self.node.start().client()
        for identifier in accepted:
            client.wait_delivery(identifier, "completed", 30)
        arrived = {request.headers["x-delivery-id"] for request in self.receiver.requests("/load")}
        self.assertEqual(set(accepted) - arrived, set())
        poll(lambda: total(self.node.metrics(), "waybill_reconciliation_difference") == 0, what="a reconciliation of 0")

    def test_a_restart_keeps_everything(self):
        client = self.node.client()
        created = client.post("/v1/destinations", {"type": "webhook", "label": "kept", "config": {"url": self.receiver.script("/kept", Reply(503)),
                                                   "auth": {"type": "bearer", "token": "kept-token"}}, "tags": ["t"],
                                                   "policy": {"retry": {"maxAttempts": 50, "initialDelayMs": 300, "maxDelayMs": 300}}}).json
        key = client.post("/v1/keys", {"name": "kept", "roles": ["viewer"]}).json["secret"]
        done = client.destination(self.receiver.url("/done"))["id"]
        finished = client.deliver([done])["deliveryId"]
        client.wait_delivery(finished, "completed")
        waiting = client.deliver([created["id"]], {"n": 1})["deliveryId"]
        body = {"destinations": [done], "payload": {"type": "data", "data": 1}}
        first = client.post("/v1/deliveries", body, headers={"Idempotency-Key": "kept"}).json["deliveryId"]
        poll(lambda: tasks_of(client.delivery(waiting))[0]["attempts"] >= 1, what="an attempt")
        operator = self.node.operator_key
        before = client.get(f"/v1/destinations/{created['id']}").json
        self.assertEqual(self.node.stop(), 0)
        client = self.node.start().client()
        self.assertEqual(self.node.operator_key, operator)
        after = client.get(f"/v1/destinations/{created['id']}").json
        self.assertEqual({**after, "links": None}, {**before, "links": None})  # links name the port, which is another one
        self.assertEqual(client.with_key(key).get("/v1/destinations").status, 200)
        self.assertEqual(client.delivery(finished)["status"], "completed")
        again = client.post("/v1/deliveries", body, headers={"Idempotency-Key": "kept"})
        self.assertEqual((again.json["deliveryId"], again.headers["Idempotency-Replayed"]), (first, "true"))
        self.receiver.script("/kept", Reply(200))
        view = client.wait_delivery(waiting, "completed")
        self.assertGreaterEqual(tasks_of(view)[0]["attempts"], 2)
        last = self.receiver.requests("/kept")[-1]
        self.assertEqual(last.headers["authorization"], "Bearer kept-token")
        self.assertEqual(len({request.headers["idempotency-key"] for request in self.receiver.requests("/kept")}), 1)

    def test_a_disabled_destination_and_an_open_breaker_stay_so(self):
        client = self.node.client()
        disabled = client.destination(self.receiver.url("/d"))["id"]
        client.post(f"/v1/destinations/{disabled}/disable", {"reason": "kept"})
        broken = client.destination(self.receiver.script("/b", Reply(500)), {
            "retry": {"initialDelayMs": 10}, "breaker": {"failureThreshold": 2, "recoveryTimeoutMs": 60000}})["id"]
        client.deliver([broken])
        client.deliver([disabled])
        poll(lambda: client.health(broken)["breaker"]["state"] == "open", what="an open breaker")
        self.node.stop()
        client = self.node.start().client()
        self.assertEqual(client.get(f"/v1/destinations/{disabled}").json["disabledReason"], "kept")
        self.assertEqual(client.health(broken)["breaker"]["state"], "open")
        self.assertEqual(client.get("/v1/queue").json["parked"], 2)
        self.assertEqual(len(self.receiver.requests("/b")), 2)

    def test_two_nodes_do_not_share_a_data_folder(self):
        second = waybilld("--data", self.node.data, "--listen", "127.0.0.1:0")
        self.assertNotEqual(second.returncode, 0)
        self.assertTrue(second.stderr or second.stdout)
        self.assertEqual(self.node.client().get("/readyz").status, 200)

    def test_an_address_in_use_is_said_and_not_zero(self):
        with tempfile.TemporaryDirectory() as data:
            second = waybilld("--data", data, "--listen", "{}:{}".format(*self.node.address))
        self.assertNotEqual(second.returncode, 0)
        self.assertIn(str(self.node.address[1]), second.stderr + second.stdout)


class Configuration(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.file = self.folder.name + "/waybill.toml"

    def check(self, text, *more, environment=None):
        with open(self.file, "w", encoding="utf-8") as file:
            file.write(text)
        return waybilld("--config", self.file, "--data", self.folder.name, *more, environment=environment)

    def test_what_print_config_prints_is_accepted_again(self):
        printed = waybilld("--print-config")
        self.assertEqual(printed.returncode, 0, printed.stderr)
        for table in ("[server]", "[store]", "[queue]", "[retry]", "[breaker]", "[limits]", "[network]", "[security]", "[telemetry]", "[log]"):
            self.assertIn(table, printed.stdout)
        checked = self.check(printed.stdout, "--check-config")
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)

    def test_the_operators_page_names_every_setting_with_its_default(self):
        page = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
        table = ""
        for line in waybilld("--print-config").stdout.splitlines():
            if line.startswith("["):
                table = line.strip("[]") + "."
            elif " = " in line:
                key, default = line.split(" = ")[0], line.split("# default ")[1].split(". ")[0]
                self.assertIn(f"| `{table}{key}` | `{default}` |", page)

    def test_a_good_file_and_the_environment_are_laid_over_each_other(self):
        import os

        printed = self.check("[retry]\nmaxAttempts = 3\ninitialDelayMs = 70\n", "--print-config", environment={**os.environ, "WAYBILL_RETRY_MAX_ATTEMPTS": "4"})
        self.assertEqual(printed.returncode, 0, printed.stderr)
        self.assertRegex(printed.stdout, r"maxAttempts\s*=\s*4\b")
        self.assertRegex(printed.stdout, r"initialDelayMs\s*=\s*70\b")

    def test_every_fault_is_named_at_once_with_the_nearest_known_key(self):
        checked = self.check('[retry]\nmaxAtempts = 3\ninitialDelayMs = "soon"\n[server]\nlisten = 7\n', "--check-config")
        self.assertNotEqual(checked.returncode, 0)
        said = checked.stdout + checked.stderr
        for expected in ("maxAtempts", "maxAttempts", "initialDelayMs", "listen"):
            self.assertIn(expected, said)

    def test_an_unknown_variable_is_refused(self):
        import os

        checked = self.check("", "--check-config", environment={**os.environ, "WAYBILL_RETRY_MAX_ATEMPTS": "4"})
        self.assertNotEqual(checked.returncode, 0)
        self.assertIn("WAYBILL_RETRY_MAX_ATEMPTS", checked.stdout + checked.stderr)

    def test_broken_toml_and_a_missing_file_are_said(self):
        checked = self.check("[retry\n", "--check-config")
        self.assertNotEqual(checked.returncode, 0)
        missing = waybilld("--config", "/nonexistent/waybill.toml", "--check-config")
        self.assertNotEqual(missing.returncode, 0)
        self.assertIn("/nonexistent/waybill.toml", missing.stdout + missing.stderr)

    def test_a_master_key_in_the_file_is_not_printed(self):
        key = "00112233445566778899aabbccddeeff" * 2
        printed = self.check(f'[security]\nmasterKey = "{key}"\n', "--print-config")
        self.assertEqual(printed.returncode, 0, printed.stderr)
        self.assertNotIn(key, printed.stdout + printed.stderr)

    def test_check_config_starts_nothing(self):
        import os

        self.assertEqual(self.check("", "--check-config").returncode, 0)
        self.assertEqual(os.listdir(self.folder.name), ["waybill.toml"])

    def test_the_version_is_said(self):
        said = waybilld("--version")
        self.assertEqual(said.returncode, 0)
        self.assertRegex(said.stdout, r"\d+\.\d+\.\d+")

    def test_a_folder_without_plugins_is_said(self):
        with tempfile.TemporaryDirectory() as empty:
            refused = waybilld("--data", self.folder.name, "--plugins", empty, "--listen", "127.0.0.1:0")
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("plugin", refused.stderr)


if __name__ == "__main__":
    unittest.main()
