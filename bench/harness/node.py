# SPDX-License-Identifier: Apache-2.0
"""One Waybill node on an empty data folder, and what a user would ask of it over its API."""
import concurrent.futures
import http.client
import json
import os
import shutil
import time

from . import processes
from .postgres import Server

# Loopback is closed to handlers by default; the receiver of a benchmark is there.
_CONFIG = """[network]
allow = ["127.0.0.0/8"]
"""


def start_node(o):
    """A node with the store that the options name; `stack` has the processes that are measured."""
    server = Server(f"{o.work}/postgres") if o.store == "postgres" else None
    node = Node(o.build, f"{o.work}/node", o.port, o.extra_config, server.url if server else "")
    node.stack = [node.process.pid] + ([server.process.pid] if server else [])
    return node


class Node:
    def __init__(self, build, folder, port, extra_config="", store=""):
        """store: a URL; empty: SQLite in the data folder."""
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        self.port, self.data, self.log = port, f"{folder}/data", f"{folder}/node.log"
        self.database = store or f"{self.data}/waybill.db"
        with open(f"{folder}/waybill.toml", "w", encoding="utf-8") as file:
            file.write(_CONFIG + extra_config)
        self._command = [f"{build}/bin/waybilld", "--config", f"{folder}/waybill.toml", "--data", self.data, "--listen",
                         f"127.0.0.1:{port}", "--plugins", f"{build}/plugins", *(["--store", store] if store else [])]
        self._start()
        self.key_file = f"{self.data}/operator.key"
        with open(self.key_file, encoding="utf-8") as file:
            self._key = file.read().strip()
        self._connection = None

    def _start(self):
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("WAYBILL_", "DELIVERY_"))}
        started = time.monotonic()
        self.process = processes.start(self._command, self.log, env=environment)
        processes.wait_for_port(self.port, self.process, self.log)
        self._wait_until_ready()
        self.start_seconds = round(time.monotonic() - started, 3)

    def restart(self):
        """Orderly, on the data that it has."""
        if code := self.stop():
            raise SystemExit(f"the node ended with {code}; see {self.log}")
        self._connection = None
        self._start()

    def kill(self):
        processes.kill(self.process)
        self._connection = None

    def start_again(self):
        """On the data that it has, after a kill."""
        self.stack.remove(self.process.pid)
        self._start()
        self.stack.insert(0, self.process.pid)

    @property
    def key(self):
        return self._key

    def _wait_until_ready(self):
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            probe = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
            try:
                probe.request("GET", "/readyz")
                if probe.getresponse().status == 200:
                    return
            except OSError:
                pass
            finally:
                probe.close()
            time.sleep(0.02)
        raise SystemExit(f"the node did not become ready; see {self.log}")

    def call(self, method, path, body=None, organization=None):
        text = None if body is None else json.dumps(body)
        for last in (False, True):
            if self._connection is None:
                self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
            try:
                headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
                if organization:
                    headers["X-Organization-Id"] = organization
                self._connection.request(method, path, text, headers)
                answer = self._connection.getresponse()
                data = answer.read().decode()
                break
            except (http.client.HTTPException, OSError):
                self._connection.close()
                self._connection = None
                if last:
                    raise
        if answer.status >= 300:
            raise SystemExit(f"{method} {path}: {answer.status} {data}")
        return data

    def create_webhook(self, url, label, policy, config=None, organization=None):
        """A destination as a user makes it: the node makes its signing secret. Returns the id."""
        body = {"type": "webhook", "label": label, "config": {"url": url, **(config or {})}, "policy": policy}
        return json.loads(self.call("POST", "/v1/destinations", body, organization))["id"]

    def create_webhooks(self, count, describe):
        """`count` destinations at once over eight connections; describe(n): the members of one. Their ids."""
        def some(numbers):
            connection, ids = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60), []
            headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
            for n in numbers:
                connection.request("POST", "/v1/destinations", json.dumps({"type": "webhook", **describe(n)}), headers)
                answer = connection.getresponse()
                data = answer.read()
                if answer.status != 201:
                    raise SystemExit(f"a destination was not created: {answer.status} {data.decode()}")
                ids.append(json.loads(data)["id"])
            connection.close()
            return ids

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            return [one for part in pool.map(some, [range(first, count, 8) for first in range(8)]) for one in part]

    def metric(self, name, **labels):
        """The sum over every series of `name` whose labels include `labels`."""
        total = 0.0
        for line in self.call("GET", "/metrics").splitlines():
            series, _, value = line.rpartition(" ")
            if series.split("{", 1)[0] == name and all(f'{k}="{v}"' in series for k, v in labels.items()):
                total += float(value)
        return total

    def accepted(self):
        return int(self.metric("waybill_tasks_accepted_total"))

    def finished(self):
        return int(self.metric("waybill_tasks_finished_total"))

    def stop(self):
        """Orderly. Returns the exit code: 0 or something is wrong."""
        if self._connection:
            self._connection.close()
        return processes.stop(self.process, wait=60)
