# SPDX-License-Identifier: Apache-2.0
"""Peers that nobody of this project wrote: nginx, and the Standard Webhooks verifier from npm."""
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile

from harness import ROOT, poll

NGINX = """
daemon off; master_process off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log warn;
load_module /usr/lib/nginx/modules/ngx_http_echo_module.so;
events {{ worker_connections 1024; }}
http {{
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  log_format line '$request_method $request_uri $status'; access_log {folder}/access.log line;
  client_max_body_size 100m; keepalive_requests 1000000;
  server {{ listen 127.0.0.1:{port} backlog=1024; {locations} }}
}}
"""


def free_port():
    """For programs that cannot be told port 0. Another process may take it first: start() then tries the next."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Process:
    """A peer in a folder and on a port of its own, ended with the block."""

    start_limit = 15  # seconds

    def __init__(self, port=None):
        self.folder = None
        self.process, self.port, self.wanted = None, None, port

    def command(self):
        raise NotImplementedError

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="waybill-peer-"))
        for _ in range(5):
            self.port = self.wanted or free_port()
            with open(self.folder / "output.log", "ab") as output:
                self.process = subprocess.Popen(self.command(), stdout=output, stderr=output, env={**os.environ, **self.environment()})
            poll(lambda: self.process.poll() is not None or answers(self.port), self.start_limit, f"{self.command()[0]} on port {self.port}")
            if self.process.poll() is None:
                return self
        raise AssertionError((self.folder / "output.log").read_text())

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def environment(self):
        return {}

    def url(self, path):
        return f"http://127.0.0.1:{self.port}{path}"


class Nginx(Process):
    def __init__(self, locations, port=None):
        super().__init__(port)
        self.locations = locations

    def command(self):
        (self.folder / "nginx.conf").write_text(NGINX.format(folder=self.folder, port=self.port, locations=self.locations))
        return ["nginx", "-e", str(self.folder / "error.log"), "-c", str(self.folder / "nginx.conf")]

    def requests(self, path):
        log = (self.folder / "access.log").read_text()
        return len(re.findall(rf"^\S+ {re.escape(path)} ", log, re.M))


class WebhookVerifier(Process):
    """tests/peers/webhook-receiver: answers 204 to what the `standardwebhooks` package verifies, 401 to the rest."""

    def __init__(self, secret):
        super().__init__()
        self.secret = secret
        self.program = ROOT / "tests" / "peers" / "webhook-receiver"

    def command(self):
        return ["node", str(self.program / "receiver.cjs"), str(self.port)]

    def environment(self):
        return {"WEBHOOK_SECRET": self.secret}
