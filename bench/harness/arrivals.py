# SPDX-License-Identifier: Apache-2.0
"""A receiver that notes to the microsecond when each delivery was there. For low rates: it is one Python process of its own."""
import asyncio
import os
import signal
import sys
import time

if __package__:
    from . import processes


class Arrivals:
    """The receiver, seen from the benchmark. Same face as Receiver as far as a destination needs it."""

    def __init__(self, folder, port):
        os.makedirs(folder, exist_ok=True)
        self.port, self._log, self._file = port, f"{folder}/arrivals.log", f"{folder}/arrivals"
        self.process = processes.start([sys.executable, os.path.abspath(__file__), str(port), self._file], self._log)
        processes.wait_for_port(port, self.process, self._log)

    def url(self, path="/hook"):
        return f"http://127.0.0.1:{self.port}{path}"

    def finish(self):
        """{delivery id: the first time it was there, in microseconds since 1970}"""
        processes.stop(self.process, wait=5)
        with open(self._file, encoding="ascii") as lines:
            rows = [line.split() for line in lines]
        return {delivery: int(at) for at, delivery in reversed(rows)}


async def _serve(reader, writer, seen):
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:] if b": " in line)
            await reader.readexactly(int(fields.get(b"content-length", 0)))
            seen.append((time.time_ns() // 1000, fields[b"webhook-id"].decode()))
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def _main(port, file):
    seen, end = [], asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, end.set)
    await asyncio.start_server(lambda r, w: _serve(r, w, seen), "127.0.0.1", port, backlog=256)
    await end.wait()
    with open(file, "w", encoding="ascii") as out:
        out.writelines(f"{at} {delivery}\n" for at, delivery in seen)


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1]), sys.argv[2]))
