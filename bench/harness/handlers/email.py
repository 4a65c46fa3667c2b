# SPDX-License-Identifier: Apache-2.0
"""email by SMTP beside curl with 64 transfers at a time, to Postfix's smtp-sink. Both send the content as an attachment in base64."""
import email.message
import os
import pathlib
import re
import subprocess

from .. import processes


class Peer:
    client = "curl smtp://"

    def __init__(self, folder, port):
        os.makedirs(folder, exist_ok=True)
        self.port, self._log, self._before = port, f"{folder}/sink.log", 0
        self._message = f"{folder}/message"
        as_user = ["-u", "nobody"] if os.geteuid() == 0 else []
        self.process = processes.start(["/usr/sbin/smtp-sink", *as_user, "-c", f"127.0.0.1:{port}", "1000"], self._log)
        processes.wait_for_port(port, self.process, self._log)

    def destination(self):
        config = {"provider": {"type": "smtp", "host": "127.0.0.1", "port": self.port, "security": "none", "maxMessagesPerConnection": 100_000},
                  "from": "reports@sender.test", "to": ["anna@example.com"], "subject": "Report", "text": "The report is attached."}
        return {"type": "email", "config": config, "policy": {"limits": {"maxConcurrency": 64}}}

    def deliver_plainly(self, count, file):
        message = email.message.EmailMessage()
        message["From"], message["To"], message["Subject"] = "reports@sender.test", "anna@example.com", "Report"
        message.set_content("The report is attached.")
        message.add_attachment(pathlib.Path(file).read_bytes(), maintype="application", subtype="json", filename="report.json")
        pathlib.Path(self._message).write_bytes(message.as_bytes().replace(b"\n", b"\r\n"))
        subprocess.run(["curl", "-sS", "-Z", "--parallel-max", "64", "--mail-from", "reports@sender.test", "--mail-rcpt", "anna@example.com",
                        "-T", self._message, f"smtp://127.0.0.1:{self.port}/bench[1-{count}]"], check=True, stdout=subprocess.DEVNULL)

    def _counted(self):
        """smtp-sink writes `mesg=N` over and over into one line."""
        found = re.findall(rb"mesg=(\d+)", pathlib.Path(self._log).read_bytes()[-4096:])
        return int(found[-1]) if found else 0

    def arrived(self):
        return self._counted() - self._before

    def clear(self):
        self._before = self._counted()

    def stop(self):
        processes.stop(self.process, wait=5)
