# SPDX-License-Identifier: Apache-2.0
"""sftp beside `sftp -b`, one session that puts file after file, to OpenSSH's sshd."""
import os
import pathlib
import shutil
import subprocess

from .. import processes

_SCRIPT = pathlib.Path(__file__).resolve().parents[3] / "tests" / "peers" / "sftp-server"


class Peer:
    client = "sftp -b"

    def __init__(self, folder, port):
        self.folder, self.port, self._log = pathlib.Path(folder), port, f"{folder}.log"
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([_SCRIPT, "keys", folder], check=True)
        self.process = processes.start([str(_SCRIPT), "openssh", folder, str(port)], self._log)
        processes.wait_for_port(port, self.process, self._log)
        # ssh takes no key that another owns, and the server's user owns the folder now.
        self._key = f"{folder}.key"
        shutil.copy(self.folder / "client_ed25519", self._key)
        os.chmod(self._key, 0o600)

    def destination(self):
        shown = subprocess.run(["ssh-keygen", "-lf", self.folder / "host_ed25519.pub"], check=True, capture_output=True, text=True)
        config = {"host": "127.0.0.1", "port": self.port, "username": "tester", "path": "in", "filename": "{deliveryId}",
                  "auth": {"type": "privateKey", "privateKey": pathlib.Path(self._key).read_text(encoding="ascii")},
                  "hostKey": {"fingerprints": [shown.stdout.split()[1]]}}
        return {"type": "sftp", "config": config, "policy": {"limits": {"maxConcurrency": 128}}}

    def deliver_plainly(self, count, file):
        batch = "-mkdir in\n" + "".join(f"put {file} in/{n}\n" for n in range(count))
        subprocess.run(["sftp", "-q", "-b", "-", "-P", str(self.port), "-i", self._key, "-o", "StrictHostKeyChecking=no", "-o",
                        "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", "tester@127.0.0.1"], input=batch, text=True, check=True,
                       stdout=subprocess.DEVNULL)

    def arrived(self):
        folder = self.folder / "data" / "in"
        return sum(1 for name in os.listdir(folder) if not name.startswith(".")) if folder.exists() else 0

    def clear(self):
        shutil.rmtree(self.folder / "data" / "in", ignore_errors=True)

    def stop(self):
        processes.stop(self.process, wait=5)
        os.unlink(self._key)
