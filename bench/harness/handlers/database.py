# SPDX-License-Identifier: Apache-2.0
"""database beside psql's \\copy, one statement for all rows, to a PostgreSQL as durable as it comes."""
import shutil
import subprocess

from .. import processes
from ..postgres import Server

_PASSWORD = "waybill-secret"


class Peer:
    client = "psql \\copy"

    def __init__(self, folder, port):
        self.folder, self.port = folder, port
        self._server = Server(folder, (f"port = {port}", "listen_addresses = '127.0.0.1'"), port)
        self.process = self._server.process
        self._sql(f"CREATE ROLE writer LOGIN PASSWORD '{_PASSWORD}'")
        self._sql("CREATE TABLE inbox (idempotency_key text NOT NULL UNIQUE, payload jsonb NOT NULL)")
        self._sql("GRANT SELECT, INSERT ON inbox TO writer")

    def _psql(self, *words, **options):
        return subprocess.run(["psql", "-XqAt", "-h", self.folder, "-p", str(self.port), "-U", "postgres", "-v", "ON_ERROR_STOP=1", *words],
                              check=True, text=True, **options)

    def _sql(self, statement):
        return self._psql("-c", statement, capture_output=True).stdout.strip()

    def destination(self):
        config = {"host": "127.0.0.1", "port": self.port, "database": "postgres", "username": "writer", "password": _PASSWORD,
                  "tls": {"mode": "disable"}, "table": "inbox", "documentColumn": "payload"}
        return {"type": "database", "config": config, "policy": {"limits": {"maxConcurrency": 128}}}

    def deliver_plainly(self, count, file):
        with open(file, encoding="utf-8") as content:
            text = content.read()
        copy = subprocess.Popen(["psql", "-Xq", "-h", self.folder, "-p", str(self.port), "-U", "postgres", "-c",
                                 "\\copy inbox FROM STDIN WITH (FORMAT csv, QUOTE E'\\x01', DELIMITER E'\\x02')"], stdin=subprocess.PIPE, text=True)
        for n in range(count):
            copy.stdin.write(f"{n}\x02{text}\n")
        copy.stdin.close()
        if copy.wait():
            raise SystemExit("psql failed; its error is above")

    def arrived(self):
        return int(self._sql("SELECT count(*) FROM inbox"))

    def clear(self):
        self._sql("TRUNCATE inbox")

    def stop(self):
        processes.stop(self.process, wait=10)
        shutil.rmtree(self.folder, ignore_errors=True)
