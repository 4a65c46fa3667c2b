# SPDX-License-Identifier: Apache-2.0
"""A first start that is cut short, at any moment, leaves a folder that the next start makes whole.

The first start makes keys, a database, an organization: a kill between any two of these must not leave a node that never
starts again, nor one that nobody has a key to.
"""
import argparse
import random
import sys
import pathlib
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))
from harness import Node, poll  # noqa: E402


def cut_short(node, after):
    try:
        timer = threading.Timer(after, lambda: node.process and node.process.kill())
        timer.start()
        node.start()
        timer.join()
    except AssertionError:
        pass  # it was killed before it was ready, as wanted
    node.process.kill()
    node.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", flush=True)
    rng = random.Random(arguments.seed)
    found = {}
    for _ in range(arguments.rounds):
        node = Node()
        try:
            cut_short(node, rng.uniform(0, 0.08))
            files = " ".join(sorted(f.name for f in node.data.iterdir()))
            found[files] = found.get(files, 0) + 1
            node.start()
            client = node.client()
            poll(lambda: client.get("/readyz").status == 200, what="a ready node")
            assert client.get("/v1/organizations").status == 200, "the operator key does not work"
            assert [each["name"] for each in client.get("/v1/organizations").json["data"]] == ["default"]
            assert node.stop() == 0
        except AssertionError:
            print("what the first start had left:", files, {f.name: f.stat().st_size for f in node.data.iterdir()})
            raise
        finally:
            node.discard()
    for files, times in sorted(found.items(), key=lambda each: each[1]):
        print(f"{times:4}  left by the first start: {files or 'nothing'}")


if __name__ == "__main__":
    main()
