# SPDX-License-Identifier: Apache-2.0
"""A webhook receiver that does as it is told: answers, hangs, resets, talks rubbish, comes back.

Every path is a receiver of its own with a script: one behaviour per request, the last one for ever after. Runs on an
asyncio loop in a thread of its own; the recorded requests may be read from any thread. A behaviour is anything with
`async play(request, reader, writer)` that says whether the connection may be used again.
"""
import asyncio
import collections
import socket
import struct
import threading
import time

Request = collections.namedtuple("Request", "method path headers body at wall")


class Reply:
    """A proper answer."""

    def __init__(self, status=200, headers=None, body=b"ok"):
        self.status, self.headers, self.body = status, headers or {}, body

    async def play(self, request, reader, writer):
        lines = [f"HTTP/1.1 {self.status} .", f"Content-Length: {len(self.body)}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + self.body)
        await writer.drain()
        return True


class Hang:
    """Takes the request and says nothing, until the other side goes or release() lets it answer 200."""

    def __init__(self):
        self.released = threading.Event()

    def release(self):
        self.released.set()

    async def play(self, request, reader, writer):
        while not self.released.is_set():
            if reader.at_eof() or writer.transport.is_closing():
                return False
            await asyncio.sleep(0.01)
        return await Reply().play(request, reader, writer)


class Reset:
    """RST instead of an answer."""

    async def play(self, request, reader, writer):
        raw = writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
        return False


class Rubbish:
    """Bytes that are not HTTP."""

    def __init__(self, data=b"\x00\xffthis is not HTTP\r\n\r\n"):
        self.data = data

    async def play(self, request, reader, writer):
        writer.write(self.data)
        await writer.drain()
        writer.close()
        return False


class Receiver:
    """with Receiver() as r: r.script("/a", Reply(503), Reply(200)); r.url("/a"); r.requests("/a")"""

    def __init__(self, port=0):
        """port: where one was before that is to come back."""
        self.wanted = port
        self.scripts = {}
        self.recorded = collections.defaultdict(list)
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.ready = threading.Event()
        self.default = Reply()
        self.port = None

    def __enter__(self):
        self.thread.start()
        self.ready.wait()
        return self

    def __exit__(self, *_):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()

    def url(self, path):
        return f"http://127.0.0.1:{self.port}{path}"

    def script(self, path, *behaviours):
        """From the next request on."""
        self.scripts[path] = collections.deque(behaviours)
        return self.url(path)

    def requests(self, path):
        return list(self.recorded[path])

    def _run(self):
        asyncio.set_event_loop(self.loop)
        server = self.loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", self.wanted, backlog=1024))
        self.port = server.sockets[0].getsockname()[1]
        self.ready.set()
        self.loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.loop.run_until_complete(asyncio.sleep(0))
        self.loop.close()

    def _next(self, path):
        script = self.scripts.get(path)
        if not script:
            return self.default
        return script.popleft() if len(script) > 1 else script[0]

    async def _serve(self, reader, writer):
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                method, path, _ = head[0].split(" ", 2)
                headers = {}
                for line in head[1:]:
                    if line:
                        name, value = line.split(":", 1)
                        headers[name.lower()] = value.strip()
                if headers.get("expect") == "100-continue":
                    writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                body = await self._body(reader, headers)
                request = Request(method, path, headers, body, time.monotonic(), time.time())
                self.recorded[path].append(request)
                if not await self._next(path).play(request, reader, writer):
                    return
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    @staticmethod
    async def _body(reader, headers):
        if headers.get("transfer-encoding", "").lower() != "chunked":
            return await reader.readexactly(int(headers.get("content-length", 0)))
        body = b""
        while size := int((await reader.readline()).split(b";")[0], 16):
            body += await reader.readexactly(size)
            await reader.readline()
        await reader.readline()
        return body
