# SPDX-License-Identifier: Apache-2.0
"""A module a handler: its peer, a destination for it, and the plainest client of the field for the same work.

A module NAME.py has a class `Peer`:
    Peer(folder, port)          starts a real server in the folder on the port (and the next, if it needs one)
    client                      name of the plain client, as the table says it
    destination()               {"type", "config", "policy"} as the API takes it, for a user who wants throughput
    deliver_plainly(count, file) hands the file to the server `count` times by the plain client, under names or keys of their own;
                                returns when the last has arrived. The caller measures its time and its CPU
    arrived()                   how many have arrived since `clear`, by the server's own account
    clear()                     forgets and removes what has arrived
    stop()                      ends the server
A handler without a module here is not measured. `available()` says which there are, in this order.
"""
import importlib
import os

_ORDER = ("webhook", "email", "storage", "sftp", "database")


def available():
    here = os.path.dirname(os.path.abspath(__file__))
    return [name for name in _ORDER if os.path.exists(f"{here}/{name}.py")]


def start(name, folder, port):
    return importlib.import_module(f"{__name__}.{name}").Peer(folder, port)
