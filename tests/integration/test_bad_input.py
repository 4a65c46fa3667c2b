# SPDX-License-Identifier: Apache-2.0
"""Bad input: each is a clear problem, names the field and the rule, and leaves nothing behind."""
import json
import socket
import unittest

from harness import NodeTest, poll

MEBIBYTE = 1024 * 1024


class BadInput(NodeTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.destination = cls.client.destination(cls.receiver.url("/ok"))["id"]

    def setUp(self):
        self.before = self.counts()

    def tearDown(self):
        self.assertEqual(self.counts(), self.before, "something was half-written")

    def counts(self):
        def count(path):
            found, cursor = 0, ""
            while True:
                page = self.client.get(f"{path}?limit=500{cursor}").json
                found += len(page["data"])
                if not page.get("nextCursor"):
                    return found
                cursor = "&cursor=" + page["nextCursor"]

        return {path: count(path) for path in ("/v1/deliveries", "/v1/destinations", "/v1/keys", "/v1/organizations", "/v1/dead-letters")}

    def body(self, **changes):
        body = {"destinations": [self.destination], "payload": {"type": "data", "data": {"a": 1}}}
        for path, value in changes.items():
            target = body
            *parents, last = path.split("__")
            for parent in parents:
                target = target.setdefault(parent, {})
            target[last] = value
        return body

    def refuse(self, body, status=400, code=None, pointer=None, **kw):
        return self.assert_problem(self.client.post("/v1/deliveries", body, **kw), status, code, pointer)

    def test_an_empty_body(self):
        self.refuse(b"", 400)

    def test_what_is_not_json(self):
        for text in (b"{", b"nonsense", b'{"a":1}x', b"{'a':1}", b'{"payload":NaN}', b"\x00", b"[", b'"\\ud800"', b"{}{}", b"\xef\xbb\xbf"):
            with self.subTest(text):
                self.refuse(text, 400)

    def test_json_that_is_no_object(self):
        for text in (b"null", b"[]", b"1", b'"text"', b"true"):
            with self.subTest(text):
                self.refuse(text, 400)

    def test_broken_utf_8(self):
        for piece in (b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\xc0\xaf"):
            with self.subTest(piece):
                self.refuse(b'{"destinations":["%s"],"payload":{"type":"data","data":"%s"}}' % (self.destination.encode(), piece), 400)

    def test_one_byte_more_than_a_mebibyte(self):
        frame = json.dumps(self.body(payload__data="")).encode()
        body = json.dumps(self.body(payload__data="x" * (MEBIBYTE - len(frame) + 1))).encode()
        self.assertEqual(len(body), MEBIBYTE + 1)
        self.refuse(body, 413, "PAYLOAD_TOO_LARGE")

    def test_a_body_that_says_it_is_huge_is_refused_before_it_is_read(self):
        with socket.create_connection(self.node.address, 10) as raw:
            raw.sendall(b"POST /v1/deliveries HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n"
                        b"Content-Type: application/json\r\nContent-Length: 1099511627776\r\n\r\n" % self.node.operator_key.encode())
            answer = raw.recv(4096)
        self.assertTrue(answer == b"" or answer.startswith((b"HTTP/1.1 413", b"HTTP/1.1 400")), answer)

    def test_depth_ten_thousand(self):
        for opening, closing in ((b"[", b"]"), (b'{"a":', b"}")):
            with self.subTest(opening):
                deep = opening * 10000 + b"1" + closing * 10000
                self.refuse(b'{"destinations":["%s"],"payload":{"type":"data","data":%s}}' % (self.destination.encode(), deep), 400)
                self.refuse(deep, 400)

    def test_wrong_types_everywhere(self):
        wrong = {
            "destinations": [1, {}, [1], [None], "some", [[]]],
            "payload": [1, "x", [], None, True],
            "payload__type": [1, None, [], "letter", ""],
            "payload__metadata": [1, "x", []],
            "payload__filename": [1, [], {}],
            "payload__contentType": [1, [], {}],
            "options": [1, "x", []],
            "options__priority": ["8", 11, -1, 1.5, [], 1e300],
            "options__idempotencyKey": [1, [], {}],
            "options__correlationId": [1, [], {}],
            "options__tags": ["x", [1], {}, [None]],
            "options__scheduledAt": [1, "tomorrow", "2026-02-30T00:00:00Z", "2026-01-01", []],
            "options__deliverWithinMs": ["1", -1, 1.5, []],
            "options__orderingKey": [1, [], {}],
            "organizationId": [1, "x", [], {}],
        }
        for path, values in wrong.items():
            for value in values:
                with self.subTest(path=path, value=value):
                    answer = self.client.post("/v1/deliveries", self.body(**{path: value}))
                    problem = self.assert_problem(answer, 400, "VALIDATION_ERROR")
                    pointers = [fault["pointer"] for fault in problem["errors"]]
                    where = "/" + path.replace("__", "/")
                    self.assertTrue(any(pointer == where or pointer.startswith(where + "/") for pointer in pointers), answer)

    def test_all_faults_come_at_once(self):
        problem = self.refuse(self.body(payload__type="letter", options__priority=99, options__tags="x", surprise=1), 400, "VALIDATION_ERROR")
        self.assertGreaterEqual({fault["pointer"] for fault in problem["errors"]}, {"/payload/type", "/options/priority", "/options/tags", "/surprise"})

    def test_unknown_members(self):
        self.refuse(self.body(destination="x"), 400, "VALIDATION_ERROR", "/destination")
        self.refuse(self.body(payload__dta=1), 400, "VALIDATION_ERROR", "/payload/dta")
        self.refuse(self.body(options__prio=1), 400, "VALIDATION_ERROR", "/options/prio")

    def test_no_payload_and_no_data(self):
        self.refuse({"destinations": [self.destination]}, 400, "VALIDATION_ERROR", "/payload")
        self.refuse({"destinations": [self.destination], "payload": {"type": "data"}}, 400, "VALIDATION_ERROR")

    def test_ids_that_are_none(self):
        for identifier in ("", "dst_", "dst_x", "dlv_" + self.destination[4:], self.destination[:-1], self.destination + "0", "../x", "dst_" + "Z" * 26):
            with self.subTest(identifier):
                self.refuse(self.body(destinations=[identifier]), 400, "VALIDATION_ERROR", "/destinations/0")

    def test_destinations_that_do_not_exist_are_all_named(self):
        unknown = self.unknown_id()
        problem = self.assert_problem(self.client.post("/v1/deliveries", self.body(destinations=[self.destination, unknown])), 404, "DESTINATION_NOT_FOUND")
        self.assertIn("/destinations/1", [fault["pointer"] for fault in problem["errors"]])

    def test_the_same_destination_twice(self):
        answer = self.client.post("/v1/deliveries", self.body(destinations=[self.destination] * 2))
        self.assert_problem(answer, 400, "VALIDATION_ERROR")

    def test_another_media_type(self):
        for media in ("text/plain", "application/xml", "application/x-www-form-urlencoded"):
            with self.subTest(media):
                self.refuse(json.dumps(self.body()).encode(), 415, "UNSUPPORTED_MEDIA_TYPE", headers={"Content-Type": media})

    def test_an_unknown_route_and_a_method_that_is_not_there(self):
        self.assert_problem(self.client.get("/v1/nothing"), 404, "NOT_FOUND")
        answer = self.client.request("PATCH", "/v1/deliveries", {})
        self.assert_problem(answer, 405, "METHOD_NOT_ALLOWED")
        self.assertIn("POST", answer.headers["Allow"])

    def test_an_id_in_the_path_that_is_none(self):
        for path in ("/v1/deliveries/x", "/v1/destinations/dst_x", "/v1/deliveries/%00", "/v1/destinations/" + "9" * 2000):
            with self.subTest(path[:40]):
                self.assertIn(self.client.get(path).status, (400, 404))
                self.assert_problem(self.client.get(path), self.client.get(path).status)

    def test_query_parameters(self):
        for query in ("limit=0", "limit=501", "limit=-1", "limit=x", "cursor=rubbish", "surprise=1", "status=none", "from=yesterday",
                      "destinationId=x", "limit=1&limit=2"):
            with self.subTest(query):
                self.assert_problem(self.client.get("/v1/deliveries?" + query), 400, "VALIDATION_ERROR")

    def test_a_very_long_url_and_very_long_headers(self):
        self.assertIn(self.client.get("/v1/deliveries?text=" + "x" * 20000).status, (400, 414))
        self.client.close()
        self.assertIn(self.client.get("/v1/deliveries", headers={"X-Long": "x" * 40000}).status, (400, 431))
        self.client.close()

    def test_no_key_a_wrong_key_and_half_a_key(self):
        for key in (None, "wrong", "wbk_", self.node.operator_key[:-1], self.node.operator_key[:-1] + "!"):
            with self.subTest(key):
                client = self.client.with_key(key)
                self.assert_problem(client.get("/v1/destinations"), 401, "UNAUTHENTICATED")
                self.assert_problem(client.post("/v1/deliveries", self.body()), 401, "UNAUTHENTICATED")
        self.assertIn("WWW-Authenticate", self.client.with_key(None).get("/v1/destinations").headers)

    def test_wrong_destinations(self):
        url = self.receiver.url("/x")
        good = {"type": "webhook", "label": "x", "config": {"url": url}}
        wrong = [
            ({**good, "type": "pigeon"}, "/type"), ({**good, "type": 1}, "/type"), ({**good, "label": 1}, "/label"),
            ({**good, "config": 1}, "/config"), ({**good, "config": {}}, "/config/url"), ({**good, "config": {"url": 1}}, "/config/url"),
            ({**good, "config": {"url": "ftp://x/"}}, "/config/url"), ({**good, "config": {"url": "not a url"}}, "/config/url"),
            ({**good, "config": {"url": url, "surprise": 1}}, "/config/surprise"),
            ({**good, "config": {"url": url, "timeoutMs": "x"}}, "/config/timeoutMs"),
            ({**good, "config": {"url": url, "headers": {"X\r\nEvil": "1"}}}, "/config/headers"),
            ({**good, "config": {"url": url, "headers": {"X-Evil": "1\r\nHost: x"}}}, "/config/headers"),
            ({**good, "policy": 1}, "/policy"), ({**good, "policy": {"retry": {"maxAttempts": 0}}}, "/policy/retry/maxAttempts"),
            ({**good, "policy": {"retry": {"maxAttempts": "six"}}}, "/policy/retry/maxAttempts"),
            ({**good, "policy": {"retry": {"jitterFactor": 2}}}, "/policy/retry/jitterFactor"),
            ({**good, "policy": {"retry": {"multiplier": 0}}}, "/policy/retry/multiplier"),
            ({**good, "policy": {"breaker": {"surprise": 1}}}, "/policy/breaker/surprise"),
            ({**good, "tags": "x"}, "/tags"), ({**good, "metadata": []}, "/metadata"), ({**good, "surprise": 1}, "/surprise"),
            ({"label": "x", "config": {"url": url}}, "/type"),
        ]
        for body, pointer in wrong:
            with self.subTest(pointer=pointer, body=body):
                answer = self.client.post("/v1/destinations", body)
                problem = self.assert_problem(answer, 400)
                self.assertTrue(any(fault["pointer"].startswith(pointer) for fault in problem["errors"]), answer)

    def test_wrong_keys_and_organizations(self):
        for body in ({}, {"name": 1, "roles": ["admin"]}, {"name": "x", "roles": []}, {"name": "x", "roles": ["king"]}, {"name": "x", "roles": "admin"},
                     {"name": "x", "roles": ["admin"], "expiresAt": "never"}, {"name": "x", "roles": ["admin"], "allowedIpRanges": ["everywhere"]}):
            with self.subTest(body):
                self.assert_problem(self.client.post("/v1/keys", body), 400)
        for body in ({}, {"name": 1}, {"name": ""}, {"name": "x", "surprise": 1}):
            with self.subTest(body):
                self.assert_problem(self.client.post("/v1/organizations", body), 400)

    def test_a_stale_etag(self):
        shown = self.client.get(f"/v1/destinations/{self.destination}")
        etag = shown.headers["ETag"]
        renamed = self.client.patch(f"/v1/destinations/{self.destination}", {"label": "renamed"}, headers={"If-Match": etag})
        self.assertEqual(renamed.status, 200, renamed)
        for answer in (self.client.patch(f"/v1/destinations/{self.destination}", {"label": "late"}, headers={"If-Match": etag}),
                       self.client.delete(f"/v1/destinations/{self.destination}", headers={"If-Match": etag})):
            self.assert_problem(answer, 412, "PRECONDITION_FAILED")
        self.assertEqual(self.client.get(f"/v1/destinations/{self.destination}").json["label"], "renamed")

    def test_the_node_lives_after_all_of_it(self):
        self.assertEqual(self.client.get("/healthz").status, 200)
        self.assertEqual(self.client.get("/readyz").status, 200)

    def test_bytes_that_are_no_request(self):
        for text in (b"\x16\x03\x01\x00\x00", b"GET\r\n\r\n", b"A" * 70000, b"POST /v1/deliveries HTTP/9.9\r\n\r\n"):
            with self.subTest(text[:20]), socket.create_connection(self.node.address, 10) as raw:
                try:
                    raw.sendall(text)
                    raw.shutdown(socket.SHUT_WR)
                    answer = raw.recv(4096)
                except ConnectionError:
                    continue
                self.assertFalse(answer.startswith(b"HTTP/1.1 2"), answer)

    def unknown_id(self):
        """Well formed, and of nothing: the destination was deleted."""
        created = self.client.destination(self.receiver.url("/gone"))["id"]
        self.assertEqual(self.client.delete(f"/v1/destinations/{created}").status, 204)
        return created


class Idempotency(NodeTest):
    def test_the_same_request_again_gets_the_first_answer(self):
        destination = self.client.destination(self.receiver.url("/once"))["id"]
        body = {"destinations": [destination], "payload": {"type": "data", "data": 1}}
        first = self.client.post("/v1/deliveries", body, headers={"Idempotency-Key": "k1"})
        again = self.client.post("/v1/deliveries", body, headers={"Idempotency-Key": "k1"})
        self.assertEqual((first.status, again.status), (202, 202))
        self.assertEqual(first.json["deliveryId"], again.json["deliveryId"])
        self.assertEqual(again.headers["Idempotency-Replayed"], "true")
        self.assertIsNone(first.headers["Idempotency-Replayed"])
        other = self.client.post("/v1/deliveries", {**body, "payload": {"type": "data", "data": 2}}, headers={"Idempotency-Key": "k1"})
        self.assert_problem(other, 422, "IDEMPOTENCY_KEY_REUSED")
        self.client.wait_delivery(first.json["deliveryId"], "completed")
        self.assertEqual(len(self.client.get(f"/v1/deliveries?destinationId={destination}").json["data"]), 1)
        self.assertEqual(len(self.receiver.requests("/once")), 1)

    def test_the_option_and_the_header_are_one(self):
        destination = self.client.destination(self.receiver.url("/option"))["id"]
        body = {"destinations": [destination], "payload": {"type": "data", "data": 1}, "options": {"idempotencyKey": "k2"}}
        first, again = (self.client.post("/v1/deliveries", body) for _ in range(2))
        self.assertEqual(first.json["deliveryId"], again.json["deliveryId"])

    def test_a_key_belongs_to_its_organization(self):
        _, other = self.new_organization("idempotent")
        ids = set()
        for client in (self.client, other):
            destination = client.destination(self.receiver.url("/own"))["id"]
            answer = client.post("/v1/deliveries", {"destinations": [destination], "payload": {"type": "data", "data": 1}},
                                 headers={"Idempotency-Key": "k3"})
            self.assertEqual(answer.status, 202, answer)
            ids.add(answer.json["deliveryId"])
        self.assertEqual(len(ids), 2)

    def test_one_key_at_once_from_many_connections_makes_one_delivery(self):
        import threading

        destination = self.client.destination(self.receiver.url("/race"))["id"]
        body = {"destinations": [destination], "payload": {"type": "data", "data": 1}}
        answers, start = [], threading.Barrier(8)

        def post():
            client = self.node.client()
            start.wait()
            answers.append(client.post("/v1/deliveries", body, headers={"Idempotency-Key": "k4"}))
            client.close()

        threads = [threading.Thread(target=post) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertLessEqual({answer.status for answer in answers}, {202, 409})
        self.assertEqual(len({answer.json["deliveryId"] for answer in answers if answer.status == 202}), 1)
        poll(lambda: self.receiver.requests("/race"), what="its arrival")
        self.assertEqual(len(self.client.get(f"/v1/deliveries?destinationId={destination}").json["data"]), 1)


if __name__ == "__main__":
    unittest.main()
