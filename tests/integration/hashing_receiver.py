# SPDX-License-Identifier: Apache-2.0
"""A webhook receiver that hashes bodies of any size as they come, and keeps none of them."""
import base64
import hashlib
import hmac
import http.server
import threading
import zlib


class HashingReceiver:
    """with HashingReceiver(secret) as r: r.url("/a"); r.seen. `statuses`: what the first requests are answered, then 200."""

    def __init__(self, secret=None, statuses=()):
        self.key = base64.b64decode(secret.removeprefix("whsec_")) if secret else None
        self.statuses = list(statuses)
        self.seen = []
        self.changed = threading.Condition()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                outer.take(self)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def url(self, path):
        return f"http://127.0.0.1:{self.server.server_port}{path}"

    def take(self, request):
        digest, size = hashlib.sha256(), 0
        mac = None
        if self.key:
            mac = hmac.new(self.key, f"{request.headers['webhook-id']}.{request.headers['webhook-timestamp']}.".encode(), hashlib.sha256)
        unpack = zlib.decompressobj(31) if request.headers.get("Content-Encoding") == "gzip" else None
        for piece in self.pieces(request):
            plain = unpack.decompress(piece) if unpack else piece
            digest.update(plain)
            size += len(plain)
            if mac:
                mac.update(plain)
        signed = mac and "v1," + base64.b64encode(mac.digest()).decode() in request.headers.get("webhook-signature", "").split(" ")
        status = self.statuses.pop(0) if self.statuses else 200
        request.send_response(status)
        request.send_header("Content-Length", "0")
        request.end_headers()
        with self.changed:
            self.seen.append({"path": request.path, "sha256": digest.hexdigest(), "size": size, "signed": signed,
                              "headers": dict(request.headers)})
            self.changed.notify_all()

    @staticmethod
    def pieces(request):
        if request.headers.get("Transfer-Encoding") == "chunked":
            while True:
                length = int(request.rfile.readline().split(b";")[0], 16)
                if length:
                    yield request.rfile.read(length)
                request.rfile.readline()
                if not length:
                    return
        left = int(request.headers.get("Content-Length", 0))
        while left > 0:
            piece = request.rfile.read(min(left, 1 << 20))
            if not piece:
                return
            left -= len(piece)
            yield piece

    def wait(self, count, deadline):
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.seen) >= count, deadline), f"{len(self.seen)} of {count} requests came"
        return self.seen
