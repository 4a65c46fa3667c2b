# SPDX-License-Identifier: Apache-2.0
"""The receiver of every benchmark: nginx with one worker that answers 200, or that hangs before it does."""
import http.client
import os
import signal
import subprocess

from . import processes

_CONFIG = """{load_module}worker_processes 1; daemon off; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 16384; }}
http {{ access_log off; keepalive_requests 1000000000; keepalive_timeout 300s; tcp_nodelay on; client_body_buffer_size 64k;
 client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
 uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
 server {{ listen 127.0.0.1:{port} backlog=4096;
  location = /stats {{ stub_status; }}
  location / {{ {answer} }} }} }}
"""


class Receiver:
    """One nginx of its own. `hang_seconds` 0: `return 200`; otherwise the request is read and answered that much later."""

    def __init__(self, folder, port, hang_seconds=0):
        os.makedirs(folder, exist_ok=True)
        self.port, self.log, self._polls = port, f"{folder}/nginx.log", 0
        hang = f"echo_read_request_body; echo_sleep {hang_seconds}; echo ok;"
        with open(f"{folder}/nginx.conf", "w", encoding="utf-8") as file:
            file.write(_CONFIG.format(folder=folder, port=port, answer=hang if hang_seconds else 'return 200 "ok";',
                                      load_module=f"load_module {_echo_module()};\n" if hang_seconds else ""))
        self.process = processes.start(["nginx", "-c", f"{folder}/nginx.conf"], self.log)
        processes.wait_for_port(port, self.process, self.log)
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        self._base = 0
        self.reset()

    def reset(self):
        self._base = self._requests()

    def count(self):
        """Requests answered since `reset`, our own look at the statistics left out."""
        return self._requests() - self._base

    def _requests(self):
        self._connection.request("GET", "/stats")
        words = self._connection.getresponse().read().decode().split()
        self._polls += 1
        return int(words[words.index("requests") + 3]) - self._polls

    def url(self, path="/hook"):
        return f"http://127.0.0.1:{self.port}{path}"

    def freeze(self):
        """From now on it answers nothing and closes nothing; connections still come about, as far as the kernel queues them."""
        for pid in processes.tree(self.process.pid):
            os.kill(pid, signal.SIGSTOP)

    def kill(self):
        self._connection.close()
        workers = processes.tree(self.process.pid)[1:]
        processes.kill(self.process)
        for pid in workers:
            os.kill(pid, signal.SIGKILL)
        processes.wait_for_free_port(self.port)

    def stop(self):
        self._connection.close()
        processes.stop(self.process, wait=5)


def _echo_module():
    shown = subprocess.run(["nginx", "-V"], capture_output=True, text=True, check=False).stderr
    for word in shown.split():
        if word.startswith("--modules-path="):
            return word.split("=", 1)[1] + "/ngx_http_echo_module.so"
    return "/usr/lib/nginx/modules/ngx_http_echo_module.so"
