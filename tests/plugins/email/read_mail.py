# SPDX-License-Identifier: Apache-2.0
"""read_mail.py FILE: a mail as Python's email package understands it, as JSON."""
import email
import email.policy
import hashlib
import json
import sys

raw = open(sys.argv[1], "rb").read()
message = email.message_from_bytes(raw, policy=email.policy.default)
headers, defects = {}, []
for name, value in message.items():
    headers.setdefault(name.lower(), []).append(str(value))
    defects += [f"{name}: {fault!r}" for fault in getattr(value, "defects", ())]
for part in message.walk():
    defects += [repr(fault) for fault in part.defects]
texts = {}
for kind in ("plain", "html"):
    part = message.get_body(preferencelist=(kind,))
    # Line ends are looked at in `crlf`.
    texts[kind] = part.get_content().replace("\r\n", "\n") if part else None
attachments = []
for part in message.iter_attachments():
    content = part.get_payload(decode=True)
    attachments.append({"filename": part.get_filename(), "type": part.get_content_type(), "size": len(content),
                        "sha256": hashlib.sha256(content).hexdigest()})
addresses = {name: [[a.display_name, a.addr_spec] for v in message.get_all(name, []) for a in v.addresses]
             for name in ("from", "to", "cc", "bcc", "reply-to")}
lines = raw.split(b"\n")
print(json.dumps({"headers": headers, "addresses": addresses, "defects": defects, "text": texts["plain"], "html": texts["html"],
                  "attachments": attachments, "longestLine": max(len(line.rstrip(b"\r")) for line in lines),
                  "ascii": raw.isascii(), "crlf": all(line.endswith(b"\r") for line in lines[:-1])}))
