# SPDX-License-Identifier: Apache-2.0
"""Runs waybill_load and reads what it says."""
import json
import resource
import subprocess


def publish(build, port, destinations, key_file=None, connections=64, count=None, seconds=None, rate=0, log=None, path=None):
    """One run of the generator; its JSON, and `cpu_s`, what it cost itself. Anything but 2xx ends the benchmark."""
    words = [f"{build}/bin/waybill_load", "--port", str(port), "--connections", str(connections), "--rate", str(rate)]
    words += ["--count", str(count)] if count else ["--seconds", str(seconds)]
    for option, value in (("--key-file", key_file), ("--log", log), ("--path", path)):
        words += [option, value] if value else []
    for destination in destinations:
        words += ["--to", destination]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise SystemExit(f"the generator ended with {done.returncode}: {done.stderr}{done.stdout[:500]}")
    said = json.loads(done.stdout)
    said["cpu_s"] = round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 3)
    return said


def read_log(path):
    """[(due_us, answered_us, status, destination index, delivery id)]"""
    with open(path, encoding="ascii") as lines:
        rows = [line.split() for line in lines]
    return [(int(r[0]), int(r[1]), int(r[2]), int(r[3]), r[4]) for r in rows]
