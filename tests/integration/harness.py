# SPDX-License-Identifier: Apache-2.0
"""What the integration tests stand on: a node of one's own on a free port, a client, and polling with a deadline.

Only Python's standard library. Nothing here sleeps for a guessed time: every wait asks for a condition until it holds
or its deadline passes. The build under test is named by BUILD_UNDER_TEST (CTest sets it).
"""
import contextlib
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("BUILD_UNDER_TEST", ROOT / "build" / "debug"))
WAYBILLD = BUILD / "bin" / "waybilld"
# A sanitizer's build answers several times later; every deadline is stretched by it.
PATIENCE = float(os.environ.get("TEST_PATIENCE", "1"))
# The engine that nodes keep their data in unless a test names one: sqlite or postgres.
STORE = os.environ.get("TEST_STORE", "sqlite")
MASK = "\u2022\u2022\u2022\u2022"


def poll(probe, deadline=15.0, what="the condition", pause=0.01):
    """Calls probe until it gives something true, which is returned. AssertionError, with the last value, at the deadline."""
    end = time.monotonic() + deadline * PATIENCE
    while True:
        value = probe()
        if value:
            return value
        if time.monotonic() >= end:
            raise AssertionError(f"{what} did not come within {deadline * PATIENCE:.0f} s; last: {value!r}")
        time.sleep(pause)


def tasks_of(delivery):
    """The tasks of a delivery as the API shows it."""
    return delivery["destinations"]


class Answer:
    """An HTTP answer: status, headers (case-insensitive), body, and the body as JSON if it is."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.status} {self.body[:600].decode('utf-8', 'replace')}"


class Client:
    """A keep-alive connection with a key. One thread at a time."""

    def __init__(self, address, key=None, organization=None, timeout=30):
        self.address, self.key, self.organization = address, key, organization
        self.timeout = timeout * PATIENCE
        self.connection = None

    def with_key(self, key, organization=None):
        return Client(self.address, key, organization)

    def request(self, method, path, body=None, headers=None):
        """body: bytes as they are, anything else as JSON. A kept connection that the node has closed is opened again once."""
        sent = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        if self.organization:
            sent["X-Organization-Id"] = self.organization
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        if body is not None:
            sent["Content-Type"] = "application/json"
        sent.update(headers or {})
        sent = {name: value for name, value in sent.items() if value is not None}
        for fresh in (self.connection is None, True):
            if self.connection is None:
                host, port = self.address
                self.connection = http.client.HTTPConnection(host, port, timeout=self.timeout)
            try:
                self.connection.request(method, path, body, sent)
                answer = self.connection.getresponse()
                return Answer(answer.status, answer.headers, answer.read())
            except (http.client.HTTPException, OSError):
                self.close()
                if fresh:
                    raise
        raise AssertionError("unreachable")

    def close(self):
        if self.connection:
            self.connection.close()
            self.connection = None

    __del__ = close

    def get(self, path, **kw):
        return self.request("GET", path, **kw)

    def post(self, path, body=None, **kw):
        return self.request("POST", path, body, **kw)

    def put(self, path, body=None, **kw):
        return self.request("PUT", path, body, **kw)

    def patch(self, path, body=None, **kw):
        return self.request("PATCH", path, body, **kw)

    def delete(self, path, **kw):
        return self.request("DELETE", path, **kw)

    # The few sentences that nearly every test speaks.

    def destination(self, url, policy=None, config=None, **more):
        body = {"type": "webhook", "label": more.pop("label", "receiver"), "config": {"url": url, **(config or {})}, **more}
        if policy is not None:
            body["policy"] = policy
        answer = self.post("/v1/destinations", body)
        assert answer.status == 201, answer
        return answer.json

    def deliver(self, destinations, data=None, options=None, **payload):
        body = {"destinations": destinations, "payload": {"type": "report", "data": data if data is not None else {"n": 1}, **payload}}
        if options:
            body["options"] = options
        answer = self.post("/v1/deliveries", body)
        assert answer.status == 202, answer
        return answer.json

    def delivery(self, identifier):
        answer = self.get(f"/v1/deliveries/{identifier}")
        assert answer.status == 200, answer
        return answer.json

    def wait_delivery(self, identifier, status, deadline=15.0):
        def reached():
            view = self.delivery(identifier)
            return view if view["status"] == status else None

        return poll(reached, deadline, f"delivery {identifier} {status}")

    def health(self, destination):
        answer = self.get(f"/v1/destinations/{destination}/health")
        assert answer.status == 200, answer
        return answer.json


class Node:
    """A waybilld on a data folder of its own. Listens on port 0; loopback is opened in the network guard."""

    def __init__(self, arguments=(), environment=None, data=None, loopback=True, store=STORE):
        """store: "sqlite", "postgres" (an empty database on the program's server) or a URL."""
        self.owns_data = data is None
        self.data = pathlib.Path(data or tempfile.mkdtemp(prefix="waybill-test-"))
        self.arguments, self.environment = list(arguments), dict(environment or {})
        if store == "postgres":
            import postgres

            store = postgres.shared().new_database()
        if store != "sqlite":
            self.environment.setdefault("WAYBILL_STORE_URL", store)
        if loopback:
            self.environment.setdefault("WAYBILL_NETWORK_ALLOW", "127.0.0.0/8,::1/128")
        self.log = self.data.with_name(self.data.name + ".log")
        self.process = None
        self.lines = []
        self.address = None

    def start(self, deadline=30.0):
        """Returns once the node has said that it listens."""
        self.lines, self.address = [], None
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [WAYBILLD, "--data", self.data, "--listen", "127.0.0.1:0", *self.arguments],
                stdout=subprocess.PIPE, stderr=log, text=True, env={**os.environ, **self.environment})
        threading.Thread(target=self._read, args=(self.process.stdout, self.lines), daemon=True).start()

        def ready():
            for line in list(self.lines):
                found = re.search(r"listening on http://([^:\s]+):(\d+)", line)
                if found:
                    return found.group(1), int(found.group(2))
            if self.process.poll() is not None:
                raise AssertionError(f"waybilld ended with {self.process.returncode}:\n{self.log_text()[-4000:]}")
            return None

        self.address = poll(ready, deadline, "the ready line of waybilld", pause=0.002)
        return self

    @staticmethod
    def _read(stream, lines):
        for line in stream:
            lines.append(line)

    @property
    def operator_key(self):
        return (self.data / "operator.key").read_text().strip()

    @property
    def url(self):
        return "http://{}:{}".format(*self.address)

    def client(self, key=None, organization=None, timeout=30):
        return Client(self.address, key or self.operator_key, organization, timeout)

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    def wait(self, deadline=40.0):
        code = self.process.wait(timeout=deadline * PATIENCE)
        self.process.stdout.close()
        return code

    def stop(self):
        """SIGTERM and the exit code."""
        self.terminate()
        return self.wait()

    def kill(self):
        self.process.kill()
        self.wait()

    def log_text(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def metrics(self):
        answer = Client(self.address).get("/metrics")
        assert answer.status == 200, answer
        return parse_metrics(answer.body.decode())

    def discard(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self.process and self.process.stdout:
            self.process.stdout.close()
        if self.owns_data:
            shutil.rmtree(self.data, ignore_errors=True)
            self.log.unlink(missing_ok=True)


def parse_metrics(text):
    """Prometheus' text form as {name: {label text: value}}."""
    values = {}
    for line in text.splitlines():
        found = re.match(r"([a-zA-Z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)", line)
        if found and not line.startswith("#"):
            values.setdefault(found.group(1), {})[found.group(2) or ""] = float(found.group(3))
    return values


def total(metrics, name):
    return sum(metrics.get(name, {}).values())


class NodeTest(unittest.TestCase):
    """A test program with one node and one scripted receiver for all of its cases."""

    arguments = ()
    environment = {}

    @classmethod
    def setUpClass(cls):
        from receiver import Receiver

        cls.stack = contextlib.ExitStack()
        try:
            cls.receiver = cls.stack.enter_context(Receiver())
            cls.node = Node(cls.arguments, cls.environment)
            cls.stack.callback(cls.node.discard)
            cls.node.start()
            cls.client = cls.node.client()
        except BaseException:
            cls.stack.close()
            raise

    @classmethod
    def tearDownClass(cls):
        log = cls.node.log_text()
        code = cls.node.stop()
        cls.stack.close()
        assert code == 0, f"waybilld ended with {code} at SIGTERM:\n{log[-4000:]}"
        assert "Sanitizer" not in log, log[-8000:]

    def new_organization(self, name):
        """An organization and a client with an admin key of it."""
        created = self.client.post("/v1/organizations", {"name": name})
        self.assertEqual(created.status, 201, created)
        organization = created.json["id"]
        return organization, self.node.client(self.new_key(organization, ["admin"]))

    def new_key(self, organization, roles, **more):
        created = self.node.client(organization=organization).post("/v1/keys", {"name": "test", "roles": roles, **more})
        self.assertEqual(created.status, 201, created)
        return created.json["secret"]

    def assert_problem(self, answer, status, code=None, pointer=None):
        """RFC 9457: the media type, the members, the status repeated; and, if asked, the code and a fault at a pointer."""
        self.assertEqual(answer.status, status, answer)
        self.assertEqual(answer.headers.get_content_type(), "application/problem+json", answer)
        problem = answer.json
        for member in ("type", "title", "status", "detail", "code"):
            self.assertIn(member, problem)
        self.assertEqual(problem["status"], status)
        if code:
            self.assertEqual(problem["code"], code, answer)
        if pointer is not None:
            self.assertIn(pointer, [fault["pointer"] for fault in problem.get("errors", [])], answer)
        for fault in problem.get("errors", []):
            self.assertTrue(fault["message"] and fault["rule"], answer)
        return problem
