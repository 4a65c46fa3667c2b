// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "core/security/digest.hpp"
#include "tests/api/running_server.hpp"

using namespace waybill;
using namespace waybill::tests;

namespace {

const std::string whole = R"({"exact": 0.1000})";  // what the fake gives
constexpr const char* link = "/d/token";

std::string etag_of(const std::string& content) {
  const auto digest = core::sha256(content);
  return "\"" + core::to_hex(digest.data(), digest.size()) + "\"";
}

core::access_outcome last_noted(const running_server& node) {
  return node.service.look([](const fake_service& s) { return s.noted.empty() ? core::access_outcome{} : s.noted.back(); });
}

}  // namespace

TEST_CASE("a download link gives the content to whoever has it, to be saved") {
  running_server node;
  auto client = node.client("");
  const auto answer = client.get(link, {{"User-Agent", "curl/8"}});
  CHECK(answer.status == 200);
  CHECK(answer.body == whole);
  CHECK(answer.header("content-type") == "application/json");
  CHECK(answer.header("etag") == etag_of(whole));
  CHECK(answer.header("accept-ranges") == "bytes");
  CHECK(answer.header("cache-control") == "no-store");
  CHECK(answer.header("content-disposition").rfind("attachment", 0) == 0);
  CHECK(node.service.look([](const fake_service& s) { return s.download.token; }) == "token");
  CHECK(node.service.look([](const fake_service& s) { return s.download.agent; }) == "curl/8");
  CHECK(node.service.look([](const fake_service& s) { return s.download.address; }) == "127.0.0.1");
  CHECK(eventually([&] {
    return node.service.look([](const fake_service& s) { return s.ended; }) == std::vector<std::uint64_t>{whole.size()};
  }));
}

TEST_CASE("HEAD, an unchanged content and a range beyond the end cost no access") {
  running_server node;
  auto client = node.client("");
  const auto head = client.request("HEAD", link);
  CHECK(head.status == 200);
  CHECK(head.header("content-length") == std::to_string(whole.size()));
  CHECK(last_noted(node) == core::access_outcome::checked);
  client.reconnect();
  CHECK(client.get(link, {{"If-None-Match", "W/" + etag_of(whole)}}).status == 304);
  CHECK(last_noted(node) == core::access_outcome::not_modified);
  const auto beyond = client.get(link, {{"Range", "bytes=17-"}});
  CHECK(beyond.status == 416);
  CHECK(beyond.header("content-range") == "bytes */17");
  CHECK(last_noted(node) == core::access_outcome::range_not_satisfied);
  CHECK(client.get(link, {{"If-Match", "\"other\""}}).status == 412);
  CHECK(node.service.look([](const fake_service& s) { return s.begun.empty(); }));
}

TEST_CASE("a range gives a part, as long as If-Range names this content") {
  running_server node;
  auto client = node.client("");
  const auto part = client.get(link, {{"Range", "bytes=2-6"}});
  CHECK(part.status == 206);
  CHECK(part.body == "exact");
  CHECK(part.header("content-range") == "bytes 2-6/17");
  CHECK(part.header("content-length") == "5");
  CHECK(client.get(link, {{"Range", "bytes=2-6"}, {"If-Range", etag_of(whole)}}).status == 206);
  const auto changed = client.get(link, {{"Range", "bytes=2-6"}, {"If-Range", "\"other\""}});
  CHECK(changed.status == 200);
  CHECK(changed.body == whole);
  CHECK(client.get(link, {{"Range", "bytes=2-6"}, {"If-Range", "Tue, 15 Nov 1994 12:45:26 GMT"}}).status == 200);
  CHECK(node.service.look([](const fake_service& s) { return s.begun; }) ==
        std::vector<std::pair<std::uint64_t, bool>>{{5, true}, {5, true}, {17, false}, {17, false}});
}

TEST_CASE("several ranges come as parts of one message") {
  running_server node;
  auto client = node.client("");
  const auto answer = client.get(link, {{"Range", "bytes=0-0,-1"}});
  REQUIRE(answer.status == 206);
  const auto type = answer.header("content-type");
  REQUIRE(type.rfind("multipart/byteranges; boundary=", 0) == 0);
  const auto boundary = type.substr(type.find('=') + 1);
  const auto part = [&](const std::string& range, const std::string& bytes) {
    return "\r\n--" + boundary + "\r\nContent-Type: application/json\r\nContent-Range: bytes " + range + "/17\r\n\r\n" + bytes;
  };
  CHECK(answer.body == part("0-0", "{") + part("16-16", "}") + "\r\n--" + boundary + "--\r\n");
  CHECK(answer.header("content-range").empty());
}

TEST_CASE("a stored payload streams, whole and in parts across its pieces") {
  running_server node;
  for (int i = 0; i < 300'000; ++i) node.service.stored_payload += std::to_string(i) + ",";
  const auto& content = node.service.stored_payload;
  auto client = node.client("");
  const auto all = client.get(link);
  CHECK(all.status == 200);
  CHECK(all.body == content);
  const auto part = client.get(link, {{"Range", "bytes=1048570-1048585"}});
  CHECK(part.body == content.substr(1'048'570, 16));
  const auto two = client.get(link, {{"Range", "bytes=1048570-1048585,5-9"}});
  CHECK(two.status == 206);
  CHECK(two.body.find("\r\n\r\n" + content.substr(1'048'570, 16) + "\r\n--") != std::string::npos);
  CHECK(two.body.find("\r\n\r\n" + content.substr(5, 5) + "\r\n--") != std::string::npos);
}

TEST_CASE("a refused link is answered as a path that is not there") {
  running_server node;
  auto client = node.client("");
  const auto nowhere = client.get("/nowhere");
  node.service.fail_next({core::error_code::not_found, "there is nothing at this path", {}, {}});
  const auto refused = client.get(link);
  CHECK(refused.status == nowhere.status);
  CHECK(refused.body == nowhere.body);
  auto same = [](std::multimap<std::string, std::string> headers) {
    for (const auto* own : {"x-request-id", "date", "traceparent"}) headers.erase(own);
    return headers;
  };
  CHECK(same(refused.headers) == same(nowhere.headers));
}

TEST_CASE("a link with a password asks for it as browsers understand, and takes it from there") {
  running_server node;
  auto client = node.client("");
  node.service.fail_next({core::error_code::unauthenticated, "this download asks for a password", {}, {}});
  const auto asked = client.get(link);
  CHECK(asked.status == 401);
  CHECK(asked.header("www-authenticate") == "Basic realm=\"download\", charset=\"UTF-8\"");
  CHECK(client.get(link, {{"Authorization", "Basic " + core::to_base64("anybody:7K2QX:M9")}}).status == 200);
  CHECK(node.service.look([](const fake_service& s) { return s.download.password; }) == "7K2QX:M9");
  CHECK(client.get(link, {{"Authorization", "Basic !!!"}}).status == 200);
  CHECK_FALSE(node.service.look([](const fake_service& s) { return s.download.password; }));
}

TEST_CASE("behind a trusted proxy the client's address is the one the proxy saw") {
  api::http_options options;
  options.trusted_proxies = {"127.0.0.0/8"};
  running_server node{options};
  auto client = node.client("");
  CHECK(client.get(link, {{"X-Forwarded-For", "10.9.9.9, 192.0.2.44"}}).status == 200);
  CHECK(node.service.look([](const fake_service& s) { return s.download.address; }) == "192.0.2.44");
  running_server plain;
  auto other = plain.client("");
  CHECK(other.get(link, {{"X-Forwarded-For", "192.0.2.44"}, {"Forwarded", "for=192.0.2.44"}}).status == 200);
  CHECK(plain.service.look([](const fake_service& s) { return s.download.address; }) == "127.0.0.1");
}
