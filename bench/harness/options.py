# SPDX-License-Identifier: Apache-2.0
"""Options that every benchmark command has, and the set-up they ask for."""
import argparse
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

from . import machine

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
_held = []
RESULTS = os.path.join(ROOT, "bench", "results")


def parser(description):
    p = argparse.ArgumentParser(description=description, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    p.add_argument("--runs", type=int, default=1, help="how often; more than one prints minimum / median / maximum")
    p.add_argument("--build", default=f"{ROOT}/build/release", help="build folder with bin/waybilld and plugins/")
    p.add_argument("--work", default=os.path.join(tempfile.gettempdir(), f"waybill-bench-{os.getuid()}"),
                   help="data folders and logs go here; must be on a real disk")
    p.add_argument("--results", default=RESULTS, help="folder for the JSON")
    p.add_argument("--port", type=int, default=21700, help="first of three ports")
    p.add_argument("--patience", type=float, default=60, help="seconds to wait for a calm machine before each run")
    p.add_argument("--store", choices=("sqlite", "postgres"), default="sqlite",
                   help="where the node keeps its data; postgres: on a server of the run's own, which is part of what is measured")
    p.add_argument("--node-config", default="", metavar="FILE", help="TOML that is added to the node's configuration")
    p.add_argument("--max-concurrency", type=int, default=128, help="policy.limits.maxConcurrency of the destinations")
    return p


def prepare(p):
    options = p.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    os.makedirs(options.work, exist_ok=True)
    if machine.filesystem_of(options.work)[0] in ("tmpfs", "ramfs"):
        raise SystemExit(f"{options.work} is in memory, where a commit costs nothing: name a folder on a disk with --work")
    options.build = os.path.abspath(options.build)
    if not shutil.which("nginx") or (options.store == "postgres" and not shutil.which("psql")):
        subprocess.run(["scripts/setup", "test"], cwd=ROOT, check=True, stdout=sys.stderr)
    if not all(os.access(f"{options.build}/bin/{name}", os.X_OK) for name in ("waybilld", "waybill_load")):
        build(options.build)
    refuse_company(options)
    options.extra_config = ""
    if options.node_config:
        with open(options.node_config, encoding="utf-8") as file:
            options.extra_config = file.read()
    return options


def refuse_company(options):
    """Two benchmarks at once spoil each other: one per work folder, and its ports must be free."""
    lock = open(f"{options.work}/lock", "w", encoding="utf-8")  # held until this process ends
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise SystemExit(f"another benchmark runs in {options.work}") from None
    _held.append(lock)
    for port in range(options.port, options.port + 3):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                raise SystemExit(f"port {port} is in use: name three free ones with --port") from None


def build(folder):
    """Sets up and builds what a benchmark runs. Another folder than the default is the caller's to fill."""
    if folder != f"{ROOT}/build/release":
        raise SystemExit(f"{folder}/bin has no waybilld and waybill_load: build the targets waybilld, waybill_load and the plugins")
    print("building the release preset", file=sys.stderr)
    subprocess.run(["scripts/build", "release", "node/all", "plugins/all", "waybill_load"], cwd=ROOT, check=True, stdout=sys.stderr)
