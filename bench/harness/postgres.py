# SPDX-License-Identifier: Apache-2.0
"""A PostgreSQL server for one run, on an empty folder, as durable as it comes: its settings are Debian's but for where it is."""
import os
import shutil
import subprocess
import urllib.parse

from . import processes

_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
_SCRIPT = f"{_ROOT}/tests/peers/postgres-cluster"
# What the script turns off for tests is on here, as PostgreSQL has it by itself.
_SETTINGS = ("fsync = on", "full_page_writes = on", "shared_buffers = 128MB", "max_wal_size = 1GB")


class Server:
    def __init__(self, folder):
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        self.folder, self.log = folder, f"{folder}.log"
        subprocess.run([_SCRIPT, "init", folder, *_SETTINGS], check=True)
        self.process = processes.start([_SCRIPT, "run", folder], self.log)
        processes.wait_for_file(f"{folder}/.s.PGSQL.5432", self.process, self.log)
        for _ in range(500):
            if self._psql("SELECT 1").returncode == 0:
                break
        self._psql("CREATE ROLE waybill LOGIN")
        self._psql("CREATE DATABASE waybill OWNER waybill")

    def _psql(self, sql):
        return subprocess.run(["psql", "-Xqc", sql, "-h", self.folder, "-U", "postgres"], capture_output=True, check=False)

    @property
    def url(self):
        return f"postgresql://waybill@/waybill?host={urllib.parse.quote(self.folder, safe='')}"
