# SPDX-License-Identifier: Apache-2.0
"""webhook beside curl with 64 transfers at a time, to nginx that answers 200."""
import subprocess

from .. import processes
from ..receiver import Receiver


class Peer:
    client = "curl -Z"

    def __init__(self, folder, port):
        self._receiver = Receiver(folder, port)

    def destination(self):
        return {"type": "webhook", "config": {"url": self._receiver.url(), "bodyFormat": "raw"},
                "policy": {"limits": {"maxConcurrency": 64}}}

    def deliver_plainly(self, count, file):
        # The same connections over and over, as ours are.
        subprocess.run(["curl", "-sS", "-Z", "--parallel-max", "64", "-o", "/dev/null", "-H", "Content-Type: application/json",
                        "--data-binary", f"@{file}", f"{self._receiver.url()}?[1-{count}]"], check=True, stdout=subprocess.DEVNULL)

    def arrived(self):
        return self._receiver.count()

    def clear(self):
        self._receiver.reset()

    def stop(self):
        processes.stop(self._receiver.process, wait=5)
