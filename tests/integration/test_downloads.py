# SPDX-License-Identifier: Apache-2.0
"""Download links as a receiver meets them: fetched whole and in parts, as often as allowed, from where allowed, with a
password where one is asked for, and not at all once they are over. What is refused looks like what never was."""
import base64
import concurrent.futures
import datetime
import hashlib
import http.client
import json
import os
import unittest

from harness import Client, Node, NodeTest, PATIENCE, poll, tasks_of, total
from test_payloads import MIB, digest_of, memory, pieces, upload

LARGE = int(os.environ.get("DOWNLOAD_MIB", "256")) * MIB
MOST_GROWTH = 64 * MIB
VOLATILE = {"date", "x-request-id", "traceparent"}


def basic(password):
    return {"Authorization": "Basic " + base64.b64encode(f"receiver:{password}".encode()).decode()}


class Receiver:
    """Somebody with a link and no key."""

    def __init__(self, node, agent="receiver/1"):
        self.node, self.agent = node, agent
        self.client = Client(node.address)

    def fetch(self, link, method="GET", **headers):
        path = "/d/" + link.split("/d/", 1)[1]
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.request(method, path, headers={"User-Agent": self.agent, **sent})


class Downloads(NodeTest):
    environment = {"WAYBILL_SERVER_TRUSTED_PROXIES": "127.0.0.0/8"}

    def setUp(self):
        self.outsider = Receiver(self.node)

    def destination(self, client=None, **config):
        answer = (client or self.client).post("/v1/destinations", {"type": "download", "label": "links", "config": config})
        self.assertEqual(answer.status, 201, answer)
        return answer.json["id"]

    def link(self, data=None, client=None, payload=None, **config):
        """(the link, its resource) of a delivery made for it."""
        client = client or self.client
        made = client.deliver([self.destination(client, **config)], data, **(payload or {}))
        view = client.wait_delivery(made["deliveryId"], "completed")
        url = tasks_of(view)[0]["externalReference"]
        listed = client.get(f"/v1/download-links?deliveryId={made['deliveryId']}").json["data"]
        self.assertEqual([one["url"] for one in listed], [url])
        return url, listed[0]

    def resource(self, link, client=None):
        answer = (client or self.client).get(f"/v1/download-links/{link['id']}")
        self.assertEqual(answer.status, 200, answer)
        return answer.json

    def accesses(self, link):
        answer = self.client.get(f"/v1/download-links/{link['id']}/accesses?limit=500")
        self.assertEqual(answer.status, 200, answer)
        return answer.json["data"]

    def wait_outcome(self, link, outcome):
        return poll(lambda: [a for a in self.accesses(link) if a["outcome"] == outcome], what=f"a line {outcome}")[0]

    def assert_nothing_there(self, answer):
        """The same status, headers and body as of a link that never was."""
        unknown = self.outsider.fetch("x/d/" + "0" * 69)
        self.assertEqual(answer.status, 404, answer)
        self.assertEqual(answer.body, unknown.body)
        fixed = lambda a: sorted((k.lower(), v) for k, v in a.headers.items() if k.lower() not in VOLATILE)
        self.assertEqual(fixed(answer), fixed(unknown))
        nowhere = self.outsider.client.get("/nowhere")
        self.assertEqual((nowhere.status, nowhere.body), (404, answer.body))

    def test_a_delivery_is_delivered_once_its_link_exists_and_the_link_gives_the_content(self):
        url, link = self.link({"q": 1}, payload={"filename": "Q1 \u00fcbersicht.json"}, expiryHours=24)
        self.assertTrue(url.startswith(self.node.url + "/d/"), url)
        answer = self.outsider.fetch(url)
        self.assertEqual((answer.status, answer.json), (200, {"q": 1}))
        self.assertEqual(answer.headers["Content-Disposition"],
                         "attachment; filename=\"Q1 _bersicht.json\"; filename*=UTF-8''Q1%20%C3%BCbersicht.json")
        self.assertEqual(answer.headers["Content-Type"], "application/json")
        self.assertEqual(answer.headers["ETag"], '"' + hashlib.sha256(answer.body).hexdigest() + '"')
        served = poll(lambda: [a for a in self.accesses(link) if a["bytesSent"] == len(answer.body)], what="the bytes sent")[0]
        self.assertEqual((served["outcome"], served["remoteAddress"], served["userAgent"], served["requests"]),
                         ("served", "127.0.0.1", "receiver/1", 1))
        state = self.resource(link)
        self.assertEqual((state["state"], state["accesses"], state["maxAccess"]), ("active", 1, None))
        lives = datetime.datetime.fromisoformat(state["expiresAt"][:-1]) - datetime.datetime.fromisoformat(state["createdAt"][:-1])
        self.assertEqual(lives, datetime.timedelta(hours=24))

    def test_parts_and_their_preconditions(self):
        url, link = self.link(list(range(1000)))
        whole = self.outsider.fetch(url)
        size = len(whole.body)
        part = self.outsider.fetch(url, Range="bytes=10-19")
        self.assertEqual((part.status, part.body), (206, whole.body[10:20]))
        self.assertEqual(part.headers["Content-Range"], f"bytes 10-19/{size}")
        self.assertEqual(self.outsider.fetch(url, Range="bytes=-5", If_Range=whole.headers["ETag"]).body, whole.body[-5:])
        other = self.outsider.fetch(url, Range="bytes=-5", If_Range='"another"')
        self.assertEqual((other.status, other.body), (200, whole.body))
        several = self.outsider.fetch(url, Range="bytes=0-3,100-103")
        self.assertEqual(several.status, 206)
        self.assertEqual(several.headers.get_content_type(), "multipart/byteranges")
        boundary = several.headers.get_param("boundary").encode()
        parts = [p.split(b"\r\n\r\n", 1)[1] for p in several.body.split(b"\r\n--" + boundary)[1:-1]]
        self.assertEqual(parts, [whole.body[0:4], whole.body[100:104]])
        beyond = self.outsider.fetch(url, Range=f"bytes={size}-")
        self.assertEqual((beyond.status, beyond.headers["Content-Range"]), (416, f"bytes */{size}"))
        self.assertEqual(self.outsider.fetch(url, If_None_Match=whole.headers["ETag"]).status, 304)
        self.assertEqual(self.outsider.fetch(url, If_Match='"another"').status, 412)
        head = self.outsider.fetch(url, "HEAD")
        self.assertEqual((head.status, head.body, head.headers["Content-Length"]), (200, b"", str(size)))
        self.wait_outcome(link, "checked")
        self.wait_outcome(link, "rangeNotSatisfied")

    def test_a_link_gives_as_many_accesses_as_it_may_to_however_many_ask_at_once(self):
        url, link = self.link(list(range(500)), maxAccess=3)

        def fetch(number):
            return Receiver(self.node, f"agent/{number}").fetch(url).status

        with concurrent.futures.ThreadPoolExecutor(12) as pool:
            answers = list(pool.map(fetch, range(24)))
        self.assertEqual(sorted(answers), [200] * 3 + [404] * 21)
        state = self.resource(link)
        self.assertEqual((state["state"], state["accesses"]), ("usedUp", 3))
        self.assert_nothing_there(self.outsider.fetch(url))
        poll(lambda: self.resource(link)["refusals"] >= 22, what="refusals")
        self.wait_outcome(link, "usedUp")

    def test_going_on_with_a_download_costs_no_access_of_its_own(self):
        url, link = self.link(list(range(5000)), maxAccess=1)
        first = self.outsider.fetch(url, Range="bytes=0-999")
        self.assertEqual(first.status, 206)
        rest = self.outsider.fetch(url, Range="bytes=1000-", If_Range=first.headers["ETag"])
        self.assertEqual(rest.status, 206)
        self.assertEqual(json.loads(first.body + rest.body), list(range(5000)))
        self.assertEqual(self.resource(link)["accesses"], 1)
        # Somebody else's part is an access, and so is the whole; and twice the content is enough.
        self.assert_nothing_there(Receiver(self.node, "another").fetch(url, Range="bytes=1000-"))
        self.assert_nothing_there(self.outsider.fetch(url))
        self.assertEqual(self.outsider.fetch(url, Range="bytes=0-").status, 206)
        self.assert_nothing_there(self.outsider.fetch(url, Range="bytes=0-"))
        line = [a for a in self.accesses(link) if a["outcome"] == "served"]
        self.assertEqual([(a["requests"], a["number"]) for a in line], [(3, 1)])

    def test_a_link_that_has_expired_or_was_revoked_is_as_one_that_never_was(self):
        short, short_link = self.link(expiryHours=0.001 * PATIENCE)  # 3.6 s
        self.assertEqual(self.outsider.fetch(short).status, 200)
        poll(lambda: self.outsider.fetch(short).status == 404, what="expiry")
        self.assert_nothing_there(self.outsider.fetch(short))
        self.wait_outcome(short_link, "expired")
        self.assertEqual(self.resource(short_link)["state"], "expired")
        url, link = self.link()
        revoked = self.client.post(f"/v1/download-links/{link['id']}/revoke")
        self.assertEqual((revoked.status, revoked.json["state"]), (200, "revoked"), revoked)
        self.assert_nothing_there(self.outsider.fetch(url))
        self.assert_nothing_there(self.outsider.fetch(url, "GET", Range="bytes=0-"))
        self.wait_outcome(link, "revoked")
        again = self.client.post(f"/v1/download-links/{link['id']}/revoke")
        self.assertEqual(again.json["revokedAt"], revoked.json["revokedAt"])
        trail = self.client.get(f"/v1/audit?subject={link['id']}").json["data"]
        self.assertEqual([row["action"] for row in trail][-2:], ["download_link.revoked", "download_link.created"])

    def test_only_allowed_addresses_are_served_by_what_a_trusted_proxy_says(self):
        url, link = self.link(allowedIpRanges=["192.0.2.0/24", "2001:db8::/32"])
        self.assert_nothing_there(self.outsider.fetch(url))
        self.assertEqual(self.wait_outcome(link, "addressRefused")["remoteAddress"], "127.0.0.1")
        self.assertEqual(self.outsider.fetch(url, X_Forwarded_For="192.0.2.44").status, 200)
        self.assertEqual(self.outsider.fetch(url, X_Forwarded_For="198.51.100.1, [2001:db8::7]:443").status, 200)
        # What the client wrote itself stands further left and does not count.
        self.assert_nothing_there(self.outsider.fetch(url, X_Forwarded_For="192.0.2.44, 198.51.100.1"))
        self.assert_nothing_there(self.outsider.fetch(url, Forwarded="for=192.0.2.44"))
        served = [a["remoteAddress"] for a in self.accesses(link) if a["outcome"] == "served"]
        self.assertEqual(sorted(served), ["192.0.2.44", "2001:db8::7"])

    def test_nobody_is_believed_where_no_proxy_is_trusted(self):
        node = Node()
        try:
            node.start()
            client = node.client()
            destination = client.post("/v1/destinations", {"type": "download", "label": "l",
                                                           "config": {"allowedIpRanges": ["192.0.2.0/24"]}}).json["id"]
            view = client.wait_delivery(client.deliver([destination])["deliveryId"], "completed")
            url = tasks_of(view)[0]["externalReference"]
            answer = Receiver(node).fetch(url, X_Forwarded_For="192.0.2.44", Forwarded="for=192.0.2.44")
            self.assertEqual(answer.status, 404)
            self.assertEqual(node.stop(), 0)
        finally:
            node.discard()

    def test_a_shared_password_is_asked_for_and_kept_from_guessing(self):
        url, link = self.link(passwordMode="shared", password="correct horse battery")
        asked = self.outsider.fetch(url)
        self.assertEqual(asked.status, 401, asked)
        self.assertEqual(asked.headers["WWW-Authenticate"], 'Basic realm="download", charset="UTF-8"')
        self.assertEqual(self.outsider.fetch(url, **basic("correct horse battery")).status, 200)
        for attempt in range(10):
            self.assertEqual(self.outsider.fetch(url, **basic(f"wrong {attempt}")).status, 401)
        self.assert_nothing_there(self.outsider.fetch(url, **basic("correct horse battery")))
        state = self.resource(link)
        self.assertEqual(state["state"], "locked")
        self.assertIsNotNone(state["lockedUntil"])
        self.wait_outcome(link, "passwordWrong")
        self.wait_outcome(link, "locked")

    def test_a_one_time_password_is_issued_once_and_serves_one_access(self):
        url, link = self.link(passwordMode="oneTime")
        self.assertEqual(self.outsider.fetch(url, **basic("guess")).status, 401)
        issued = self.client.post(f"/v1/download-links/{link['id']}/password")
        self.assertEqual(issued.status, 200, issued)
        password = issued.json["password"]
        self.assertRegex(password, r"^[0-9A-HJKMNP-TV-Z]{5}-[0-9A-HJKMNP-TV-Z]{5}$")
        self.assertEqual(self.outsider.fetch(url, "HEAD", **basic(password)).status, 200)
        typed = basic(password.lower().replace("-", " "))
        self.assertEqual(self.outsider.fetch(url, **typed).status, 200)
        self.assertEqual(self.outsider.fetch(url, Range="bytes=0-1", **basic(password)).status, 206)
        self.assertEqual(self.outsider.fetch(url, Range="bytes=0-1").status, 401)
        self.assert_nothing_there(Receiver(self.node, "another").fetch(url, **basic(password)))
        second = self.client.post(f"/v1/download-links/{link['id']}/password").json["password"]
        self.assertNotEqual(second, password)
        self.assertEqual(self.outsider.fetch(url, **basic(password)).status, 401)
        self.assertEqual(self.outsider.fetch(url, **basic(second)).status, 200)
        plain = self.link()[1]
        self.assert_problem(self.client.post(f"/v1/download-links/{plain['id']}/password"), 409, "CONFLICT")

    def test_links_belong_to_their_organization_and_to_roles(self):
        other, admin = self.new_organization("elsewhere")
        url, link = self.link()
        for path in ("", "/accesses"):
            self.assert_problem(admin.get(f"/v1/download-links/{link['id']}{path}"), 404, "LINK_NOT_FOUND")
        for path in ("revoke", "password"):
            self.assert_problem(admin.post(f"/v1/download-links/{link['id']}/{path}"), 404, "LINK_NOT_FOUND")
        self.assertEqual(admin.get("/v1/download-links").json["data"], [])
        mine, own = self.link(client=admin)
        viewer = self.node.client(self.new_key(other, ["viewer"]))
        self.assertEqual(self.resource(own, viewer)["url"], mine)
        self.assert_problem(viewer.post(f"/v1/download-links/{own['id']}/revoke"), 403, "FORBIDDEN")
        self.assert_problem(viewer.get(f"/v1/download-links/{own['id']}/accesses"), 403, "FORBIDDEN")
        producer = self.node.client(self.new_key(other, ["producer"]))
        self.assert_problem(producer.get("/v1/download-links"), 403, "FORBIDDEN")
        elsewhere = self.node.client(self.new_key(other, ["admin"], destinations=[self.destination(admin)]))
        self.assert_problem(elsewhere.get(f"/v1/download-links/{own['id']}"), 404, "LINK_NOT_FOUND")
        operator = self.node.client(self.new_key(other, ["operator"]))
        self.assertEqual(operator.post(f"/v1/download-links/{own['id']}/revoke").status, 200)

    def test_a_link_is_in_no_log_line_no_record_and_not_in_the_store(self):
        url, link = self.link(passwordMode="oneTime")
        password = self.client.post(f"/v1/download-links/{link['id']}/password").json["password"]
        self.outsider.fetch(url)
        self.outsider.fetch(url, **basic(password))
        secret = url[-43:]
        view = self.client.delivery(link["deliveryId"])
        attempt = tasks_of(view)[0]["attemptLog"][0]
        record = self.client.get(f"/v1/deliveries/{link['deliveryId']}/attempts/{attempt['attemptId']}").json
        self.assertEqual(record["externalReference"], url)
        record.pop("externalReference")
        self.assertNotIn(secret, json.dumps(record))
        for text in (self.node.log_text(), json.dumps(self.client.get("/v1/audit?limit=500").json)):
            self.assertNotIn(secret, text)
            self.assertNotIn(password, text)
        if not self.node.environment.get("WAYBILL_STORE_URL"):
            stored = b"".join(path.read_bytes() for path in self.node.data.glob("waybill.db*"))
            self.assertNotIn(secret.encode(), stored)
            self.assertNotIn(password.encode(), stored)

    def test_a_configuration_that_cannot_work_is_refused_with_every_fault(self):
        answer = self.client.post("/v1/destinations", {"type": "download", "label": "bad", "config": {
            "expiryHours": 0, "maxAccess": -1, "allowedIpRanges": ["10.0.0.1/8"], "passwordMode": "shared"}})
        for pointer in ("/config/expiryHours", "/config/maxAccess"):
            self.assert_problem(answer, 400, "VALIDATION_ERROR", pointer)
        rules = self.client.post("/v1/destinations", {"type": "download", "label": "bad", "config": {
            "allowedIpRanges": ["10.0.0.1/8"], "passwordMode": "shared", "baseUrl": "https://a?b"}})
        for pointer in ("/config/allowedIpRanges/0", "/config/password", "/config/baseUrl"):
            self.assert_problem(rules, 400, "VALIDATION_ERROR", pointer)
        secret = self.client.post("/v1/destinations", {"type": "download", "label": "s", "config": {
            "passwordMode": "shared", "password": "correct horse battery"}})
        self.assertNotIn("correct horse", secret.body.decode())
        self.assertEqual(self.client.post(f"/v1/destinations/{secret.json['id']}/test").json["ok"], True)
        far = self.destination(expiryHours=87600)
        tested = self.client.post(f"/v1/destinations/{far}/test").json
        self.assertEqual((tested["ok"], tested["category"]), (False, "configuration"), tested)
        failed = self.client.wait_delivery(self.client.deliver([far])["deliveryId"], "failed")
        self.assertEqual(tasks_of(failed)[0]["category"], "configuration")

    def test_a_base_url_of_its_own_begins_the_link(self):
        url, link = self.link(baseUrl="https://files.example.com/get/")
        self.assertTrue(url.startswith("https://files.example.com/get/d/"), url)
        self.assertEqual(self.outsider.fetch(url).status, 200)

    def test_large_content_streams_in_bounded_memory_and_can_be_resumed(self):
        status, stored = upload(self.node, pieces(LARGE), length=LARGE)
        self.assertEqual(status, 201, stored)
        made = self.client.post("/v1/deliveries", {"destinations": [self.destination(maxAccess=1)], "payload": {
            "type": "export", "payloadId": stored["payloadId"], "filename": "export.bin"}})
        self.assertEqual(made.status, 202, made)
        view = self.client.wait_delivery(made.json["deliveryId"], "completed")
        url = tasks_of(view)[0]["externalReference"]
        before = memory(self.node)
        path = "/d/" + url.split("/d/")[1]
        sha, taken = hashlib.sha256(), 0
        etag = None
        while taken < LARGE:  # broken off in the middle, then gone on with
            connection = http.client.HTTPConnection(*self.node.address, timeout=120 * PATIENCE)
            headers = {"User-Agent": "resuming"}
            if taken:
                headers.update({"Range": f"bytes={taken}-", "If-Range": etag})
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            self.assertEqual(answer.status, 206 if taken else 200)
            etag = answer.headers["ETag"]
            stop = LARGE // 3 if taken == 0 else LARGE
            while taken < stop:
                piece = answer.read(min(MIB, stop - taken))
                self.assertTrue(piece)
                sha.update(piece)
                taken += len(piece)
            connection.close()
        self.assertEqual(sha.hexdigest(), digest_of(LARGE))
        self.assertLess(memory(self.node) - before, MOST_GROWTH)

    def test_metrics_tell_of_links_without_telling_refusals_apart(self):
        url, link = self.link()
        before = self.node.metrics()
        self.outsider.fetch(url)
        self.outsider.fetch("x/d/unknown")
        self.client.post(f"/v1/download-links/{link['id']}/revoke")
        self.outsider.fetch(url)
        after = self.node.metrics()
        for name, by in (("waybill_downloads_total", 1), ("waybill_downloads_refused_total", 2),
                         ("waybill_download_links_revoked_total", 1)):
            self.assertGreaterEqual(total(after, name) - total(before, name), by, name)


class Life(unittest.TestCase):
    """What outlives a process, and what ends with the link."""

    def test_links_and_counts_survive_a_kill_and_go_with_their_log_after_their_time(self):
        environment = {"WAYBILL_DOWNLOADS_KEEP_DAYS": "0"}
        node = Node(environment=environment)
        try:
            node.start()
            client = node.client()
            config = {"maxAccess": 2, "expiryHours": 0.002}  # 7.2 s
            destination = client.post("/v1/destinations", {"type": "download", "label": "l", "config": config}).json["id"]
            made = client.deliver([destination])
            url = tasks_of(client.wait_delivery(made["deliveryId"], "completed"))[0]["externalReference"]
            self.assertEqual(Receiver(node, "a").fetch(url).status, 200)
            node.kill()
            node.start()
            client = node.client()
            self.assertEqual(Receiver(node, "b").fetch(url).status, 200)
            self.assertEqual(Receiver(node, "c").fetch(url).status, 404)
            link = client.get("/v1/download-links").json["data"][0]
            self.assertEqual((link["accesses"], link["url"].split("/d/")[1]), (2, url.split("/d/")[1]))
            poll(lambda: not client.get("/v1/download-links").json["data"], 40, "the link's end")
            self.assertEqual(client.get(f"/v1/download-links/{link['id']}/accesses").status, 404)
            self.assertEqual(client.delivery(made["deliveryId"])["status"], "completed")
            self.assertEqual(node.stop(), 0)
        finally:
            node.discard()

    def test_an_erasure_ends_a_link_at_once(self):
        node = Node()
        try:
            node.start()
            client = node.client()
            destination = client.post("/v1/destinations", {"type": "download", "label": "l", "config": {}}).json["id"]
            made = client.deliver([destination], {"name": "Jane"}, {"correlationId": "patient-1"})
            url = tasks_of(client.wait_delivery(made["deliveryId"], "completed"))[0]["externalReference"]
            self.assertEqual(Receiver(node).fetch(url).status, 200)
            ordered = client.post("/v1/erasures", {"scope": "correlationId", "value": "patient-1", "reason": "asked for"})
            self.assertEqual(ordered.status, 202, ordered)
            done = poll(lambda: (lambda e: e if e["state"] == "completed" else None)(
                client.get(f"/v1/erasures/{ordered.json['id']}").json), 30, "the erasure")
            self.assertEqual(Receiver(node).fetch(url).status, 404)
            erased = json.dumps(done)
            self.assertIn("download_links", erased)
            self.assertIn("download_accesses", erased)
            self.assertEqual(node.stop(), 0)
        finally:
            node.discard()


if __name__ == "__main__":
    unittest.main()
