// SPDX-License-Identifier: Apache-2.0
// Uploads over the wire: who may, how bodies are framed, what comes before and behind them.
#include <catch2/catch.hpp>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>

#include "core/model/payload.hpp"
#include "core/security/digest.hpp"
#include "tests/api/running_server.hpp"

extern "C" int waybill_fuzz_upload_framing(const std::uint8_t* data, std::size_t size);

using namespace waybill;
using namespace waybill::tests;

namespace {

std::string head(const std::string& fields, std::string_view key = fake_service::admin_key) {
  return "POST /v1/payloads HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + std::string{key} + "\r\n" + fields + "\r\n";
}

std::string length(std::size_t size) { return "Content-Length: " + std::to_string(size) + "\r\n"; }

std::string chunked(const std::string& body, std::size_t step) {
  std::string out;
  for (std::size_t at = 0; at < body.size(); at += step) {
    const auto piece = body.substr(at, step);
    char size[20];
    std::snprintf(size, sizeof size, "%zx\r\n", piece.size());
    out += size + piece + "\r\n";
  }
  return out + "0\r\n\r\n";
}

std::string digest_of(const std::string& body) {
  const auto sha = core::sha256(body);
  return "sha-256=:" + core::to_base64({reinterpret_cast<const char*>(sha.data()), sha.size()}) + ":";
}

std::string uploaded(const running_server& node) {
  return node.service.look([](const fake_service& s) { return s.uploaded; });
}
std::size_t dropped(const running_server& node) {
  return node.service.look([](const fake_service& s) { return s.uploads_dropped; });
}

std::string some_bytes(std::size_t size) {
  std::string out(size, '\0');
  unsigned state = 1;
  for (auto& c : out) c = static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
  return out;
}

/// A request that RESTinio answers.
constexpr std::string_view ordinary = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";

}  // namespace

TEST_CASE("a body of any size and of any bytes is passed on as it came") {
  running_server node;
  const auto size =
      GENERATE(as<std::size_t>{}, 0, 1, 65'536, core::payload_chunk_bytes, core::payload_chunk_bytes + 1, 5'000'000);
  const bool in_chunks = GENERATE(false, true);
  const auto body = some_bytes(size);
  auto client = node.client();
  client.send(in_chunks ? head("Transfer-Encoding: chunked\r\n") + chunked(body, 100'000) : head(length(size)) + body);
  const auto answer = client.receive();
  CHECK(answer.status == 201);
  CHECK(answer.json()["size"] == size);
  const auto sha = core::sha256(body);
  CHECK(answer.json()["sha256"] == core::to_hex(sha.data(), sha.size()));
  CHECK(answer.json()["payloadId"] == fake_service::known_payload.to_string());
  CHECK(uploaded(node) == body);
  CHECK(answer.header("repr-digest") == digest_of(body));
}

TEST_CASE("what a body is reaches the service before the body does") {
  running_server node{{}, fake_service::answers::when_released};
  auto client = node.client();
  client.send(head("Content-Type: text/csv; charset=utf-8\r\n" + length(7'000'000'000)));
  REQUIRE(eventually([&] { return node.service.waiting() == 1; }));
  const auto said = node.service.look([](const fake_service& s) { return s.upload; });
  CHECK(said.content_type == "text/csv; charset=utf-8");
  CHECK(said.size == 7'000'000'000);
}

TEST_CASE("who may not upload is told before the body is taken, and the connection ends") {
  running_server node;
  auto client = node.client();
  SECTION("no key") {
    client.send(head(length(1'000'000'000), "wrong"));
    CHECK(client.receive().status == 401);
  }
  SECTION("a refusal of the service") {
    const auto [code, status] = GENERATE(table<core::error_code, int>({{core::error_code::forbidden, 403},
                                                                       {core::error_code::payload_too_large, 413},
                                                                       {core::error_code::rate_limit_exceeded, 429},
                                                                       {core::error_code::store_unavailable, 503}}));
    node.service.fail_next({code, "no", {}, {}});
    client.send(head(length(1'000'000'000)));
    const auto answer = client.receive();
    CHECK(answer.status == status);
    CHECK(answer.header("content-type") == "application/problem+json");
    CHECK(answer.header("connection") == "close");
  }
  SECTION("a compressed body") {
    client.send(head("Content-Encoding: gzip\r\n" + length(1'000'000'000)));
    CHECK(client.receive().status == 415);
  }
  SECTION("an unknown query parameter") {
    client.send("POST /v1/payloads?x=1 HTTP/1.1\r\nAuthorization: Bearer " + std::string{fake_service::admin_key} + "\r\n" +
                length(1'000'000'000) + "\r\n");
    CHECK(client.receive().status == 400);
  }
  SECTION("not a media type") {
    client.send(head("Content-Type: csv\r\n" + length(1'000'000'000)));
    const auto answer = client.receive();
    CHECK(answer.status == 400);
    CHECK(answer.pointers() == std::vector<std::string>{"Content-Type"});
  }
  CHECK(client.closed());
  CHECK(uploaded(node).empty());
}

TEST_CASE("a client that waits for 100 Continue hears it only once its upload is wanted") {
  running_server node;
  auto client = node.client();
  SECTION("wanted") {
    client.send(head("Expect: 100-continue\r\n" + length(5)));
    CHECK(client.receive().status == 100);
    client.send("hello");
    CHECK(client.receive().status == 201);
    CHECK(uploaded(node) == "hello");
  }
  SECTION("refused") {
    client.send(head("Expect: 100-continue\r\n" + length(5), "wrong"));
    CHECK(client.receive().status == 401);
  }
  SECTION("did not wait") {
    client.send(head("Expect: 100-continue\r\n" + length(5)) + "hello");
    CHECK(client.receive().status == 201);
  }
}

TEST_CASE("requests in front of an upload and behind it are answered in order, however the bytes are cut") {
  running_server node;
  const auto cut = GENERATE(as<std::size_t>{}, 1, 7, 40, 64, 100, 1'000'000);
  const bool in_chunks = GENERATE(false, true);
  const std::string body = "POST /v1/payloads HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc";  // looks like a request, is a body
  const auto one = in_chunks ? head("Transfer-Encoding: chunked\r\n") + chunked(body, 10) : head(length(body.size())) + body;
  const std::string delivery =
      R"({"destinations":["dst_01K0000000E008000000000002"],"payload":{"type":"data","data":"POST /v1/payloads HTTP/1.1"}})";
  const auto before = "POST /v1/deliveries HTTP/1.1\r\nAuthorization: Bearer " + std::string{fake_service::admin_key} +
                      "\r\nContent-Type: application/json\r\n" + length(delivery.size()) + "\r\n" + delivery;
  const auto stream = std::string{ordinary} + before + one + std::string{ordinary} + one + one + before + std::string{ordinary};
  auto client = node.client();
  std::thread sender{[&] {
    for (std::size_t at = 0; at < stream.size(); at += cut) client.send(std::string_view{stream}.substr(at, cut));
  }};
  std::vector<int> statuses;
  for (int i = 0; i < 8; ++i) statuses.push_back(client.receive().status);
  sender.join();
  CHECK(statuses == std::vector<int>{200, 202, 201, 200, 201, 201, 202, 200});
  CHECK(uploaded(node) == body + body + body);
}

TEST_CASE("bytes of a body are never taken for an upload of their own") {
  running_server node;
  auto client = node.client();
  const std::string hidden = "POST /v1/payloads HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc";
  // A first read that ends right before what looks like a request.
  client.send("POST /v1/destinations/test HTTP/1.1\r\nAuthorization: Bearer " + std::string{fake_service::admin_key} +
              "\r\nContent-Type: application/json\r\n" + length(hidden.size()) + "\r\n");
  client.send(hidden);
  CHECK(client.receive().status == 400);
  client.send(ordinary);
  CHECK(client.receive().status == 200);
  CHECK(uploaded(node).empty());
}

TEST_CASE("an upload whose framing could be read in two ways is refused") {
  running_server node;
  const auto fields = GENERATE(
      as<std::string>{}, "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
      "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "Content-Length: 5\r\nContent-Length: 5\r\n",
      "Content-Length: 5\r\nContent-Length: 6\r\n", "Content-Length: 5, 5\r\n", "Content-Length: +5\r\n",
      "Content-Length: -1\r\n", "Content-Length: 0x5\r\n", "Content-Length: 5 5\r\n", "Transfer-Encoding: gzip, chunked\r\n",
      "Transfer-Encoding: chunked, gzip\r\n", "Transfer-Encoding: xchunked\r\n",
      "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "Transfer-Encoding: identity\r\n",
      "Transfer-Encoding : chunked\r\n", "Content-Length: 5\r\nConnection: upgrade\r\nUpgrade: h2c\r\n",
      "Content-Length: 99999999999999999999\r\n", "X: a\nContent-Length: 5\r\n : 5\r\n");
  auto client = node.client();
  INFO(fields);
  client.send(head(fields) + "5\r\nhello\r\n0\r\n\r\n");
  const auto answer = client.receive();
  CHECK(answer.status == 400);
  CHECK(client.closed());
  CHECK(uploaded(node).empty());
}

TEST_CASE("chunks that are no chunks end the upload and the connection") {
  running_server node;
  const auto body = GENERATE(as<std::string>{}, "5\r\nhelloX\r\n0\r\n\r\n", "Z\r\nhello\r\n0\r\n\r\n",
                             "-5\r\nhello\r\n0\r\n\r\n", "FFFFFFFFFFFFFFFFF\r\nhello\r\n", " 5\r\nhello\r\n0\r\n\r\n");
  auto client = node.client();
  INFO(body);
  client.send(head("Transfer-Encoding: chunked\r\n") + body);
  CHECK(client.receive().status == 400);
  CHECK(client.closed());
  CHECK(eventually([&] { return dropped(node) == 1; }));
}

TEST_CASE("a chunked upload of HTTP/1.0 is refused") {
  running_server node;
  auto client = node.client();
  client.send("POST /v1/payloads HTTP/1.0\r\nAuthorization: Bearer " + std::string{fake_service::admin_key} +
              "\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
  CHECK(client.receive().status == 400);
}

TEST_CASE("limits hold for the head of an upload as for any other") {
  running_server node;
  auto client = node.client();
  SECTION("headers") {
    client.send(head("X: " + std::string(20'000, 'x') + "\r\n" + length(1)));
    CHECK(client.receive().status == 431);
  }
  SECTION("fields") {
    std::string fields;
    for (int i = 0; i < 101; ++i) fields += "X: y\r\n";
    client.send(head(fields));
    CHECK(client.receive().status == 431);
  }
  SECTION("target") {
    client.send("POST /v1/payloads?" + std::string(9'000, 'x') + " HTTP/1.1\r\n\r\n");
    CHECK(client.receive().status == 414);
  }
  SECTION("a field that may come once") {
    client.send(head("Content-Type: a/b\r\nContent-Type: c/d\r\n" + length(1)));
    CHECK(client.receive().status == 400);
  }
  SECTION("trailers") {
    client.send(head("Transfer-Encoding: chunked\r\n") + "1\r\nx\r\n0\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n");
    CHECK(client.receive().status == 400);
  }
  CHECK(client.closed());
}

TEST_CASE("a digest the client sent must be the content's") {
  running_server node;
  auto client = node.client();
  const std::string body = "a,b\n1,2\n";
  SECTION("right") {
    client.send(
        head("Content-Digest: " + digest_of(body) + "\r\nRepr-Digest: " + digest_of(body) + "\r\n" + length(body.size())) +
        body);
    CHECK(client.receive().status == 201);
  }
  SECTION("others are passed over") {
    client.send(head("Content-Digest: md5=:AAAA:, " + digest_of(body) + "\r\n" + length(body.size())) + body);
    CHECK(client.receive().status == 201);
  }
  SECTION("wrong") {
    client.send(head("Content-Digest: " + digest_of("other") + "\r\n" + length(body.size())) + body);
    const auto answer = client.receive();
    CHECK(answer.status == 400);
    CHECK(answer.pointers() == std::vector<std::string>{"Content-Digest"});
    CHECK(eventually([&] { return dropped(node) == 1; }));
  }
  SECTION("two that differ") {
    client.send(
        head("Content-Digest: " + digest_of(body) + "\r\nRepr-Digest: " + digest_of("x") + "\r\n" + length(body.size())) +
        body);
    CHECK(client.receive().status == 400);
  }
  SECTION("no digest at all") {
    client.send(head("Content-Digest: sha-256=abc\r\n" + length(body.size())) + body);
    CHECK(client.receive().status == 400);
  }
}

TEST_CASE("an upload whose client goes leaves nothing") {
  running_server node;
  {
    auto client = node.client();
    client.send(head(length(10'000'000)) + some_bytes(3'000'000));
    REQUIRE(eventually([&] { return uploaded(node).size() >= 2 * core::payload_chunk_bytes; }));
  }
  CHECK(eventually([&] { return dropped(node) == 1; }));
  CHECK(node.client().get("/healthz").status == 200);
}

TEST_CASE("an upload that stands still is ended, however much of it has come") {
  running_server node;
  auto client = node.client();
  SECTION("in its body") {
    client.send(head(length(10'000'000)) + some_bytes(1'500'000));
    REQUIRE(eventually([&] { return uploaded(node).size() >= core::payload_chunk_bytes; }));
    // Again and again: what is still on its way counts as progress when it is read.
    CHECK(eventually([&] {
      node.clock.push(std::chrono::seconds{61});
      return dropped(node) == 1;
    }));
    CHECK(client.receive().status == 408);
  }
  SECTION("in its head") {
    client.send("POST /v1/payloads HTTP/1.1\r\nHost");
    // What came first is read first: once this is answered the lane has the connection.
    CHECK(node.client().get("/healthz").status == 200);
    node.clock.push(std::chrono::seconds{31});
    CHECK(client.receive().status == 408);
  }
  CHECK(client.closed());
}

TEST_CASE("an upload that the service does not take in time is answered, and the connection ends") {
  running_server node{{}, fake_service::answers::when_released};
  auto client = node.client();
  client.send(head(length(3)) + "abc");
  REQUIRE(eventually([&] { return node.service.waiting() == 1; }));
  node.clock.push(std::chrono::seconds{31});
  CHECK(client.receive().status == 504);
  CHECK(client.closed());
}

TEST_CASE("the body is read no faster than it is stored") {
  running_server node{{}, fake_service::answers::when_released};
  auto client = node.client();
  std::thread sender{[&] { client.send(head(length(40'000'000)) + some_bytes(40'000'000)); }};
  REQUIRE(eventually([&] { return node.service.waiting() == 1; }));
  node.service.release();  // begun
  REQUIRE(eventually([&] { return node.service.waiting() == 2; }));
  CHECK(uploaded(node).size() == 2 * core::payload_chunk_bytes);
  node.service.set_answers(fake_service::answers::from_a_thread);
  node.service.release();
  sender.join();
  CHECK(client.receive().status == 201);
  CHECK(uploaded(node).size() == 40'000'000);
}

TEST_CASE("a store that fails in the middle of an upload fails it at once") {
  running_server node;
  node.service.append_failure = core::error{core::error_code::store_unavailable, "disk full", {}, std::chrono::seconds{1}};
  auto client = node.client();
  std::thread sender{[&] { client.send(head(length(5'000'000)) + some_bytes(5'000'000)); }};
  const auto answer = client.receive();
  sender.join();
  CHECK(answer.status == 503);
  CHECK(answer.header("connection") == "close");
  CHECK(eventually([&] { return dropped(node) == 1; }));
}

TEST_CASE("what the scout cannot tell from an upload at once is sorted out with the next bytes") {
  running_server node;
  auto client = node.client();
  client.send("POST /v1/p");
  client.send("ayloads/x HTTP/1.1\r\nContent-Length: 0\r\n\r\n");
  CHECK(client.receive().status == 404);
  client.send("POST /v1/payloadss HTTP/1.1\r\nContent-Length: 0\r\n\r\n");
  CHECK(client.receive().status == 404);
  client.send("\r\n\r\nPO");
  client.send("ST /v1/payloads HTTP/1.1\r\nAuthorization: Bearer " + std::string{fake_service::admin_key} +
              "\r\nContent-Length: 2\r\n\r\nhi");
  CHECK(client.receive().status == 201);
}

TEST_CASE("an upload that came in a form only RESTinio knows is stored all the same") {
  running_server node;
  auto client = node.client();
  client.send("POST http://x/v1/payloads HTTP/1.1\r\nAuthorization: Bearer " + std::string{fake_service::admin_key} +
              "\r\nContent-Length: 5\r\n\r\nhello");
  CHECK(client.receive().status == 201);
  CHECK(uploaded(node) == "hello");
}

TEST_CASE("an upload under way when the server stops is told so") {
  running_server node;
  auto client = node.client();
  client.send(head(length(10'000'000)) + some_bytes(2'000'000));
  REQUIRE(eventually([&] { return uploaded(node).size() >= core::payload_chunk_bytes; }));
  node.server->stop();
  CHECK(client.receive().status == 503);
}

TEST_CASE("uploads end and begin on one connection as often as one likes") {
  running_server node;
  auto client = node.client();
  for (int i = 0; i < 200; ++i) {
    REQUIRE(client.request("POST", "/v1/payloads", "x", {{"Content-Type", "text/plain"}}).status == 201);
    if (i % 3 == 0) REQUIRE(client.get("/healthz").status == 200);
  }
  CHECK(uploaded(node).size() == 200);
}

TEST_CASE("a payload is read out piece by piece") {
  running_server node;
  node.service.stored_payload = some_bytes(GENERATE(as<std::size_t>{}, 1, 3'000'000, 2 * core::payload_chunk_bytes));
  auto client = node.client();
  const auto target = "/v1/deliveries/" + fake_service::known_delivery.to_string() + "/payload";
  const auto answer = client.get(target);
  CHECK(answer.status == 200);
  CHECK(answer.body == node.service.stored_payload);
  CHECK(answer.header("content-length") == std::to_string(node.service.stored_payload.size()));
  CHECK(client.get("/healthz").status == 200);  // and the connection goes on
  client.send("HEAD " + target + " HTTP/1.1\r\nAuthorization: Bearer " + std::string{fake_service::admin_key} + "\r\n\r\n");
  const auto about = client.receive(true);
  CHECK(about.header("content-length") == std::to_string(node.service.stored_payload.size()));
}

TEST_CASE("a delivery names an uploaded payload, or brings its data, never both") {
  running_server node;
  auto client = node.client();
  const auto post = [&](const std::string& payload) {
    return client.post("/v1/deliveries",
                       R"({"destinations":["dst_01K0000000E008000000000002"],"payload":{"type":"data",)" + payload + "}}",
                       {{"Content-Type", "application/json"}});
  };
  const auto id = R"("payloadId":")" + fake_service::known_payload.to_string() + '"';
  CHECK(post(id).status == 202);
  const auto said = node.service.look([](const fake_service& s) { return s.request; });
  CHECK(said.payload == fake_service::known_payload);
  CHECK(said.content.empty());
  CHECK(said.content_type.empty());
  CHECK(post(id + R"(,"contentType":"text/csv")").status == 202);
  CHECK(node.service.look([](const fake_service& s) { return s.request.content_type; }) == "text/csv");
  CHECK(post(id + R"(,"data":1)").pointers() == std::vector<std::string>{"/payload/payloadId"});
  CHECK(post(R"("payloadId":"dlv_1")").pointers() == std::vector<std::string>{"/payload/payloadId"});
  CHECK(post(R"("payloadId":7)").pointers() == std::vector<std::string>{"/payload/payloadId"});
  CHECK(post(R"("filename":"x")").pointers() == std::vector<std::string>{"/payload/data"});
}

TEST_CASE("the corpus of upload framing is cut alike in every way") {
  for (const auto& entry : std::filesystem::directory_iterator(WAYBILL_FUZZ_CORPUS "/upload_framing")) {
    INFO(entry.path());
    std::ifstream in{entry.path(), std::ios::binary};
    const std::string bytes{std::istreambuf_iterator<char>{in}, {}};
    const auto* const data = reinterpret_cast<const std::uint8_t*>(bytes.data());
    CHECK(waybill_fuzz_upload_framing(data, bytes.size()) == 0);
    for (std::size_t size = 0; size < bytes.size(); ++size) CHECK(waybill_fuzz_upload_framing(data, size) == 0);
  }
}
