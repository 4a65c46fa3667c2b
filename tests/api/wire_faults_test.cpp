// SPDX-License-Identifier: Apache-2.0
// Requests that end before they are whole. Holds the words of RESTinio and http_parser that http_socket listens to.
#include <catch2/catch.hpp>
#include <string>

#include "tests/api/running_server.hpp"

using namespace waybill;
using namespace waybill::tests;

namespace {

api::http_options small() {
  api::http_options options;
  options.max_body_bytes = 1'000;
  options.max_url_bytes = 200;
  options.max_header_bytes = 1'000;
  return options;
}

const std::string head =
    "POST /v1/deliveries HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer wbk_admin_secret\r\nContent-Type: application/json\r\n";

void check_last_words(http_client& client, int status, const std::string& code) {
  const auto answer = client.receive();
  CHECK(answer.status == status);
  CHECK(answer.json()["code"] == code);
  CHECK(answer.header("content-type") == "application/problem+json");
  CHECK(answer.header("connection") == "close");
  CHECK(answer.header("x-request-id").substr(0, 4) == "req_");
  CHECK(client.closed());
}

}  // namespace

TEST_CASE("a body that says it is too large is refused before it is sent") {
  running_server node{small()};
  auto client = node.client();
  client.send(head + "Content-Length: 1099511627776\r\n\r\n");
  check_last_words(client, 413, "PAYLOAD_TOO_LARGE");
}

TEST_CASE("a body that is too large is refused, and the client that sent all of it can read why") {
  running_server node{small()};
  auto client = node.client();
  client.send(head + "Content-Length: 4000000\r\n\r\n" + std::string(4'000'000, ' '));
  check_last_words(client, 413, "PAYLOAD_TOO_LARGE");
}

TEST_CASE("a body in chunks is bounded, too") {
  running_server node{small()};
  auto client = node.client();
  std::string chunks;
  for (int i = 0; i < 50; ++i) chunks += "64\r\n" + std::string(100, ' ') + "\r\n";
  client.send(head + "Transfer-Encoding: chunked\r\n\r\n" + chunks + "0\r\n\r\n");
  check_last_words(client, 413, "PAYLOAD_TOO_LARGE");
  client.reconnect();
  client.send(head + "Transfer-Encoding: chunked\r\n\r\nfffffffffff\r\n");
  client.send(std::string(5'000, ' '));
  check_last_words(client, 413, "PAYLOAD_TOO_LARGE");
}

TEST_CASE("a body of exactly the limit is taken, in one piece or in chunks") {
  running_server node{small()};
  auto client = node.client();
  std::string body = R"({"payload":{"type":"data","data":")";
  body += std::string(1'000 - body.size() - 3, 'x') + "\"}}";
  REQUIRE(body.size() == 1'000);
  CHECK(client.post("/v1/deliveries", body).status == 202);
  client.send(head + "Transfer-Encoding: chunked\r\n\r\n1f4\r\n" + body.substr(0, 500) + "\r\n1F4;x=y\r\n" + body.substr(500) +
              "\r\n0\r\nTrailer: x\r\n\r\n");
  CHECK(client.receive().status == 202);
  CHECK(node.service.look([](const auto& s) { return s.request.content.size(); }) == body.size() - 35);
}

TEST_CASE("a target that is too long is refused") {
  running_server node{small()};
  auto client = node.client();
  client.send("GET /" + std::string(300, 'a') + " HTTP/1.1\r\nHost: x\r\n\r\n");
  check_last_words(client, 414, "URI_TOO_LONG");
}

TEST_CASE("header fields that are too large or too many are refused") {
  running_server node{small()};
  auto client = node.client();
  client.send("GET /healthz HTTP/1.1\r\nX-A: " + std::string(2'000, 'a') + "\r\n\r\n");
  check_last_words(client, 431, "HEADERS_TOO_LARGE");
  client.reconnect();
  client.send("GET /healthz HTTP/1.1\r\n" + std::string(2'000, 'a') + ": a\r\n\r\n");
  check_last_words(client, 431, "HEADERS_TOO_LARGE");
  client.reconnect();
  std::string many = "GET /healthz HTTP/1.1\r\n";
  for (int i = 0; i < 101; ++i) many += "a:b\r\n";
  client.send(many + "\r\n");
  check_last_words(client, 431, "HEADERS_TOO_LARGE");
  client.reconnect();
  client.send("GET /healthz HTTP/1.1\r\nX: " + std::string(90'000, 'a') + "\r\n\r\n");
  check_last_words(client, 431, "HEADERS_TOO_LARGE");
  // Each field within the limit, all together beyond it: the request is whole, so the connection may stay.
  client.reconnect();
  const std::string nearly(400, 'a');
  CHECK(client.get("/healthz", {{"X-A", nearly}, {"X-B", nearly}, {"X-C", nearly}}).status == 431);
  CHECK(client.get("/healthz").status == 200);
}

TEST_CASE("what is no HTTP request is told so") {
  running_server node;
  for (const std::string& bytes :
       {std::string{"\x16\x03\x01\0\0", 5}, std::string{"GET\r\n\r\n"}, std::string{"GET / HTTP/x.y\r\n\r\n"},
        std::string(70'000, 'A'), head + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        head + "Content-Length: x\r\n\r\n", head + "Content-Length: 5\r\nContent-Length: 6\r\n\r\n",
        head + "Transfer-Encoding: chunked\r\n\r\nzz\r\n"}) {
    auto client = node.client();
    client.send(bytes);
    check_last_words(client, 400, "MALFORMED_REQUEST");
  }
  CHECK(node.client().get("/healthz").status == 200);
}

TEST_CASE("a refusal while reading is counted in the metrics") {
  running_server node{small()};
  auto client = node.client();
  client.send(head + "Content-Length: 5000\r\n\r\n");
  CHECK(client.receive().status == 413);
  CHECK(node.client().get("/metrics").body.find("(unread)") != std::string::npos);
}

TEST_CASE("a request that comes too slowly is given up") {
  auto options = small();
  options.read_timeout = std::chrono::milliseconds{50};
  running_server node{options};
  auto client = node.client();
  client.send("POST /v1/deliveries HTTP/1.1\r\nHost: x\r\n");
  const auto answer = client.receive();
  CHECK(answer.status == 408);
  CHECK(answer.json()["code"] == "REQUEST_TIMEOUT");
  CHECK(client.closed());
}

TEST_CASE("a request that came whole in pieces is not too slow, however long its answer takes") {
  auto options = small();
  options.read_timeout = std::chrono::milliseconds{50};
  running_server node{options, fake_service::answers::when_released};
  auto patient = node.client();
  patient.send(head + "Content-Length: 36\r\n\r\n" + R"({"payload":{"type":)");
  patient.send(R"("data","data":1}})");
  REQUIRE(eventually([&] { return node.service.calls().size() == 1; }));
  auto slow = node.client();
  slow.send("POST /v1/deliveries HTTP/1.1\r\nHost: x\r\n");
  CHECK(slow.receive().status == 408);  // its time began later: that of the other is over as well
  node.service.release();
  CHECK(patient.receive().status == 202);
}

TEST_CASE("a request in many pieces is a request") {
  running_server node;
  auto client = node.client();
  const std::string whole = head + "Content-Length: 36\r\n\r\n" + R"({"payload":{"type":"data","data":1}})";
  for (const char c : whole) client.send({&c, 1});
  CHECK(client.receive().status == 202);
}

TEST_CASE("a client that waits to be told to go on is told so") {
  running_server node;
  auto client = node.client();
  for (int i = 0; i < 2; ++i) {
    client.send(head + "Content-Length: 36\r\nExpect: 100-continue\r\n\r\n");
    CHECK(client.receive(true).status == 100);
    client.send(R"({"payload":{"type":"data","data":1}})");
    CHECK(client.receive().status == 202);
  }
  client.send(head + "Content-Length: 99999999\r\nExpect: 100-continue\r\n\r\n");
  CHECK(client.receive().status == 413);
}

TEST_CASE("requests sent without waiting are answered in their order") {
  running_server node;
  auto client = node.client();
  std::string many;
  for (int i = 0; i < 20; ++i)
    many +=
        "GET /v1/queue HTTP/1.1\r\nAuthorization: Bearer wbk_admin_secret\r\nX-Request-Id: r" + std::to_string(i) + "\r\n\r\n";
  client.send(many);
  for (int i = 0; i < 20; ++i) CHECK(client.receive().header("x-request-id") == "r" + std::to_string(i));
}

TEST_CASE("an upgrade is answered as if it had not been asked for") {
  running_server node;
  auto client = node.client();
  client.send(
      "GET /v1/queue HTTP/1.1\r\nAuthorization: Bearer wbk_admin_secret\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n");
  CHECK(client.receive().status == 200);
  CHECK(client.closed());
}

TEST_CASE("a connection stays open unless the client wants it closed") {
  running_server node;
  auto client = node.client();
  CHECK(client.get("/healthz").header("connection") == "keep-alive");
  const auto last = client.get("/healthz", {{"Connection", "close"}});
  CHECK(last.header("connection") == "close");
  CHECK(client.closed());
}
