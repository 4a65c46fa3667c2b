# SPDX-License-Identifier: Apache-2.0
"""A PostgreSQL server for one run, on an empty folder, as durable as it comes: its settings are Debian's but for where it is and
for the two that docs/operating.md asks for."""
import glob
import os
import shutil
import subprocess
import urllib.parse

from . import processes

_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
_SCRIPT = f"{_ROOT}/tests/peers/postgres-cluster"
# What the script turns off for tests is on here, as PostgreSQL has it by itself.
_SETTINGS = {"fsync": "on", "full_page_writes": "on", "shared_buffers": "128MB", "max_wal_size": "4GB", "min_wal_size": "2GB"}

# A server that has been at work reuses the segments of its log; one that was just made writes each new one full of zeros first,
# which holds up every commit for some 60 ms. So it goes once through as many as it keeps (min_wal_size).
_USE_LOG = "SELECT count(pg_logical_emit_message(false, '', repeat('x', 1048576))) FROM generate_series(1, 2100)"


class Server:
    def __init__(self, folder, further=(), port=5432):
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        self.folder, self.log, self._port = folder, f"{folder}.log", port
        lines = [f"{name} = {value}" for name, value in _SETTINGS.items()]
        subprocess.run([_SCRIPT, "init", folder, *lines, *further], check=True)
        self.process = processes.start([_SCRIPT, "run", folder], self.log)
        processes.wait_for_file(f"{folder}/.s.PGSQL.{port}", self.process, self.log)
        for _ in range(500):
            if self._psql("SELECT 1").returncode == 0:
                break
        for sql in (_USE_LOG, "CHECKPOINT", "CREATE ROLE waybill LOGIN", "CREATE DATABASE waybill OWNER waybill"):
            self._psql(sql).check_returncode()

    def _psql(self, sql):
        return subprocess.run(["psql", "-Xqc", sql, "-h", self.folder, "-p", str(self._port), "-U", "postgres"], capture_output=True, check=False)

    @property
    def url(self):
        return f"postgresql://waybill@/waybill?host={urllib.parse.quote(self.folder, safe='')}"


_INITDB = """#!/bin/sh
# initdb, and a log that has been used once; the cluster's socket is beside its data
set -eu
"{programs}/initdb" "$@"
while [ "$1" != -D ]; do shift; done
data=$2
"{programs}/pg_ctl" -D "$data" -w -l "$data.prepare.log" -o "-k ${{data%/*}} -c listen_addresses='' {settings}" start >/dev/null
psql -Xqh "${{data%/*}}" -U postgres -d postgres -c "{use_log}" -c CHECKPOINT >/dev/null
"{programs}/pg_ctl" -D "$data" -w -m fast stop >/dev/null
"""
_POSTGRES = """#!/bin/sh
exec "{programs}/postgres" "$@" {settings}
"""


def programs_with_our_settings(programs, folder):
    """A folder with initdb and postgres that make a server of another's as ours is, whatever settings it is given."""
    os.makedirs(folder, exist_ok=True)
    settings = " ".join(f"-c {name}={value}" for name, value in _SETTINGS.items())
    for name, text in (("initdb", _INITDB), ("postgres", _POSTGRES)):
        with open(f"{folder}/{name}", "w", encoding="utf-8") as file:
            file.write(text.format(programs=programs, settings=settings, use_log=_USE_LOG))
        os.chmod(f"{folder}/{name}", 0o755)
    return folder


def programs():
    """Debian's folder of the newest server that is installed."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/postgres"), key=lambda path: int(path.split("/")[4]))
    if not found:
        raise SystemExit("PostgreSQL is not installed: scripts/setup test")
    return os.path.dirname(found[-1])
