#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What gives credentials to roles: an instance's metadata service (IMDSv2 only), a container's agent, and an STS for web
identities. All of them give the credentials of a file; what they refuse is what the real ones refuse.

usage: credential_services.py FILE.json   prints "listening on PORT"; GET /count says how often credentials were given."""
import datetime
import http.server
import json
import sys
import urllib.parse

SESSION = "imds-session"
given = 0


def expiration(minutes):
    return (datetime.datetime.utcnow() + datetime.timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")


class Services(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, text, content_type="text/plain"):
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def credentials(self, minutes):
        global given
        given += 1
        with open(sys.argv[1], encoding="utf-8") as file:
            key = json.load(file)
        return {"Code": "Success", "AccessKeyId": key["AccessKeyId"], "SecretAccessKey": key["SecretAccessKey"],
                "Token": key["SessionToken"], "Expiration": expiration(minutes)}

    def do_PUT(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path.endswith("/latest/api/token") and self.headers.get("X-aws-ec2-metadata-token-ttl-seconds", "").isdigit():
            return self.answer(200, SESSION)
        return self.answer(400, "")

    def do_GET(self):
        if self.path == "/count":
            return self.answer(200, str(given))
        if self.path == "/container/credentials":
            if self.headers.get("Authorization") != "agent-token":
                return self.answer(401, "")
            return self.answer(200, json.dumps(self.credentials(60)), "application/json")
        base, _, rest = self.path.partition("/latest/meta-data/iam/security-credentials/")
        if self.headers.get("X-aws-ec2-metadata-token") != SESSION:
            return self.answer(401, "")
        if rest == "":
            return self.answer(200, "report writer\n")
        if rest != "report%20writer":
            return self.answer(404, "")
        return self.answer(200, json.dumps(self.credentials(2 if base == "/short" else 60)), "application/json")

    def do_POST(self):
        form = urllib.parse.parse_qs(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode())
        one = {name: values[0] for name, values in form.items()}
        good = one.get("Action") == "AssumeRoleWithWebIdentity" and one.get("Version") == "2011-06-15"
        if not good or one.get("WebIdentityToken") != "good.web.token" or one.get("RoleArn") != "arn:aws:iam:::role/R":
            return self.answer(400, "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type>"
                               "<Code>InvalidIdentityToken</Code><Message>The token is not good</Message></Error></ErrorResponse>", "text/xml")
        key = self.credentials(60)
        return self.answer(200, "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>"
                           f"<AccessKeyId>{key['AccessKeyId']}</AccessKeyId><SecretAccessKey>{key['SecretAccessKey']}</SecretAccessKey>"
                           f"<SessionToken>{key['Token']}</SessionToken><Expiration>{key['Expiration']}</Expiration>"
                           "</Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>", "text/xml")


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Services)
print(f"listening on {server.server_address[1]}", flush=True)
server.serve_forever()
