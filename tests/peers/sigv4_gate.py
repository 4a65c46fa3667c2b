#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""sigv4_gate.py UPSTREAM_PORT SERVICE REGION KEY=SECRET…: a gate that recomputes AWS's Signature Version 4 with AWS's own code
(Debian's python3-botocore), refuses with 403 what AWS would, and passes the rest on. Prints `listening on PORT`."""
import datetime
import hashlib
import hmac
import http.client
import json
import re
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

UPSTREAM, SERVICE, REGION = int(sys.argv[1]), sys.argv[2], sys.argv[3]
KEYS = dict(pair.split("=", 1) for pair in sys.argv[4:])
FORM = re.compile(r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request, ?SignedHeaders=([a-z0-9;-]+), ?"
                  r"Signature=([0-9a-f]{64})")


class Gate(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body, media_type="application/json", retry_after=None):
        self.send_response(status)
        if retry_after:
            self.send_header("Retry-After", retry_after)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def signed_headers(self, names):
        message = http.client.HTTPMessage()
        for name in names:
            for value in self.headers.get_all(name):
                message[name] = value
        return message

    def fault(self, body):
        match = FORM.fullmatch(self.headers.get("Authorization", ""))
        if not match:
            return "IncompleteSignature"
        key, day, region, service, names, signature = match.groups()
        if key not in KEYS:
            return "UnrecognizedClientException"
        if (region, service) != (REGION, SERVICE):
            return f"Credential should be scoped to {SERVICE}/{REGION}"
        stamp = self.headers.get("X-Amz-Date", "")
        try:
            time = datetime.datetime.strptime(stamp, "%Y%m%dT%H%M%SZ")
        except ValueError:
            return "bad X-Amz-Date"
        if abs((datetime.datetime.utcnow() - time).total_seconds()) > 300 or stamp[:8] != day:
            return "Signature expired"
        names = names.split(";")
        if "host" not in names:
            return "host must be signed"
        for name in self.headers.keys():
            if name.lower().startswith("x-amz-") and name.lower() not in names:
                return name + " must be signed"
        request = AWSRequest(method=self.command, url=f"http://{self.headers['Host']}{self.path}", data=body)
        for name in names:
            if name not in self.headers:
                return "signed header missing: " + name
            for value in self.headers.get_all(name):
                request.headers.add_header(name, value)
        request.context["timestamp"] = stamp
        signer = (S3SigV4Auth if SERVICE == "s3" else SigV4Auth)(Credentials(key, KEYS[key]), service, region)
        signer.headers_to_sign = lambda _: self.signed_headers(names)
        told = self.headers.get("X-Amz-Content-SHA256")
        if told and told not in ("UNSIGNED-PAYLOAD", hashlib.sha256(body).hexdigest()):
            return "x-amz-content-sha256 mismatch"
        canonical = signer.canonical_request(request)
        if not hmac.compare_digest(signer.signature(signer.string_to_sign(request, canonical), request), signature):
            return "SignatureDoesNotMatch"
        return None

    def pass_on(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        fault = self.fault(body)
        if fault:
            return self.answer(403, json.dumps({"__type": "SignatureError", "message": fault}).encode())
        upstream = http.client.HTTPConnection("127.0.0.1", UPSTREAM)
        skipped = ("host", "connection", "content-length", "expect")
        upstream.request(self.command, self.path, body, {k: v for k, v in self.headers.items() if k.lower() not in skipped})
        answer = upstream.getresponse()
        return self.answer(answer.status, answer.read(), answer.getheader("Content-Type", "text/plain"), answer.getheader("Retry-After"))

    do_GET = do_POST = do_PUT = do_DELETE = pass_on


server = ThreadingHTTPServer(("127.0.0.1", 0), Gate)
print(f"listening on {server.server_address[1]}", flush=True)
server.serve_forever()
