#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A webhook receiver to try Waybill with: shows what arrives and whether its signature is right.

    python3 docs/examples/receiver.py [PORT] [SECRET]      PORT: 9000; SECRET: the destination's, whsec_…

The check is all of https://www.standardwebhooks.com that a receiver needs; a real one also refuses old timestamps.
"""
import base64
import hashlib
import hmac
import http.server
import sys
import threading

PORT = int(sys.argv[1]) if len(sys.argv) > 1 else 9000
SECRET = sys.argv[2] if len(sys.argv) > 2 else ""
LOCK = threading.Lock()
SEEN = set()


def signature_is_right(headers, body):
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    digest = hmac.new(base64.b64decode(SECRET.removeprefix("whsec_")), signed, hashlib.sha256).digest()
    wanted = "v1," + base64.b64encode(digest).decode()
    return any(hmac.compare_digest(wanted, given) for given in headers.get("webhook-signature", "").split())


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        right = not SECRET or signature_is_right(self.headers, body)
        verdict = "not checked" if not SECRET else "right" if right else "WRONG"
        with LOCK:
            # At least once: a repeat has the same key, and a receiver that acts on what it gets must look for it.
            key = self.headers["Idempotency-Key"]
            repeat = " (again)" if key in SEEN else ""
            SEEN.add(key)
            print(f"#{len(SEEN)}{repeat} attempt {self.headers['X-Delivery-Attempt']}, signature {verdict}: {body.decode()}", flush=True)
        self.send_response(204 if right else 401)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    print(f"receiving on http://127.0.0.1:{PORT}", flush=True)
    http.server.ThreadingHTTPServer(("127.0.0.1", PORT), Handler).serve_forever()
