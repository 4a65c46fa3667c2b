// SPDX-License-Identifier: Apache-2.0
// Bodies: raw and enveloped, in memory and streamed, plain and gzip.
#include <catch2/catch.hpp>
#include <openssl/evp.h>

#include <string>

#include "../nginx_server.hpp"
#include "destination.hpp"
#include "plugins/webhook/body_streams.hpp"
#include "plugins/webhook/envelope.hpp"

using namespace waybill::testing;
using nlohmann::json;

namespace {

json seen_by_receiver(const seen_result& seen) {
  INFO(seen.detail);
  REQUIRE(seen.action == WB_ACTION_DELIVERED);
  return json::parse(json::parse(seen.response)["body"].get<std::string>());
}

std::string sha256(std::uint64_t size, const std::function<char(std::uint64_t)>& at) {
  EVP_MD_CTX* const context = EVP_MD_CTX_new();
  EVP_DigestInit_ex(context, EVP_sha256(), nullptr);
  std::string piece;
  for (std::uint64_t i = 0; i < size; ++i) {
    piece += at(i);
    if (piece.size() == 65'536 || i + 1 == size) {
      EVP_DigestUpdate(context, piece.data(), piece.size());
      piece.clear();
    }
  }
  unsigned char digest[32];
  EVP_DigestFinal_ex(context, digest, nullptr);
  EVP_MD_CTX_free(context);
  std::string hex;
  for (const auto byte : digest) hex += "0123456789abcdef"[byte >> 4], hex += "0123456789abcdef"[byte & 15];
  return hex;
}

}  // namespace

TEST_CASE("a raw body is the content, with its own type") {
  node_program receiver{{WAYBILL_RECEIVER}};
  destination d{{{"url", receiver.url("/what")}, {"bodyFormat", "raw"}}};
  for (const bool streamed : {false, true}) {
    fake_delivery what;
    what.content_type = "text/csv";
    what.content = "a,b\n1,2\n";
    what.streamed = streamed;
    const auto got = seen_by_receiver(d.deliver(what));
    CHECK(got["body"] == "a,b\n1,2\n");
    CHECK(got["headers"]["content-type"] == "text/csv");
    CHECK(got["headers"]["content-length"] == "8");
  }
}

TEST_CASE("a raw body without a type or without bytes arrives too") {
  node_program receiver{{WAYBILL_RECEIVER}};
  destination d{{{"url", receiver.url("/what")}, {"bodyFormat", "raw"}}};
  fake_delivery what;
  what.content_type.clear();
  what.content.clear();
  for (const bool streamed : {false, true}) {
    what.streamed = streamed;
    const auto got = seen_by_receiver(d.deliver(what));
    CHECK(got["headers"]["content-type"] == "application/octet-stream");
    CHECK(got["size"] == 0);
  }
}

TEST_CASE("an envelope is the same streamed as in memory, plain as compressed") {
  node_program receiver{{WAYBILL_RECEIVER}};
  for (const auto* type : {"application/json", "application/pdf"})
    for (const auto* compression : {"none", "gzip"}) {
      destination d{{{"url", receiver.url("/what")}, {"compression", compression}}};
      fake_delivery what;
      what.content_type = type;
      what.content = "\"" + std::string(5'000, 'c') + "\"";
      const auto whole = seen_by_receiver(d.deliver(what));
      what.streamed = true;
      const auto streamed = seen_by_receiver(d.deliver(what));
      CHECK(whole["body"] == streamed["body"]);
      CHECK(json::parse(whole["body"].get<std::string>())["id"] == what.delivery_id);
      const bool packed = std::string{compression} == "gzip";
      CHECK(whole["headers"].contains("content-encoding") == packed);
      CHECK((whole["sent"] < whole["size"]) == packed);
      CHECK((streamed["sent"] < streamed["size"]) == packed);
    }
}

TEST_CASE("content larger than any buffer streams whole, raw and in base64") {
  node_program receiver{{WAYBILL_RECEIVER}};
  fake_delivery what;
  what.content_type = "application/octet-stream";
  what.size = 20'000'003;
  what.generated = [](std::uint64_t i) { return static_cast<char>(i * 31 % 251); };
  what.timeout_ms = 60'000;
  for (const auto* compression : {"none", "gzip"}) {
    destination raw{
        {{"url", receiver.url("/what")}, {"bodyFormat", "raw"}, {"compression", compression}, {"timeoutMs", 60'000}}};
    const auto got = seen_by_receiver(raw.deliver(what));
    CHECK(got["size"] == what.size);
    CHECK(got["sha256"] == sha256(what.size, what.generated));
  }
  destination enveloped{{{"url", receiver.url("/what")}, {"timeoutMs", 60'000}}};
  const auto got = seen_by_receiver(enveloped.deliver(what));
  CHECK(got["size"] > what.size / 3 * 4);
}

TEST_CASE("content that cannot be read is a failure of the system, and retried") {
  nginx_server& nginx = nginx_server::instance();
  for (const bool is_signed : {false, true}) {
    json config{{"url", nginx.http("/echo")}, {"bodyFormat", "raw"}};
    if (is_signed)
      config["signingSecrets"] = json::array({{{"id", "1"}, {"algorithm", "hmac-sha256"}, {"secret", "whsec_c2VjcmV0"}}});
    destination d{config};
    fake_delivery what;
    what.content = std::string(1'000'000, 'x');
    what.streamed = true;
    what.fails_at = 500'000;
    const auto seen = d.deliver(what);
    CHECK(seen.action == WB_ACTION_RETRY);
    CHECK(seen.category == WB_CATEGORY_SYSTEM);
  }
}

TEST_CASE("a content stream gives the same bytes again after a rewind, whatever the buffer") {
  fake_delivery what;
  what.content_type = "image/png";
  what.content = std::string(200'000, 'p');
  what.streamed = true;
  fake_host::instance();
  const auto* raw = what.fill();
  // This program's own copy of the host table: the plugin's is its own.
  REQUIRE(waybill::sdk::adopt_host(fake_host::instance().table()));
  const waybill::sdk::delivery view{raw};
  waybill::webhook::content_stream stream{waybill::sdk::retained_delivery{view}, waybill::webhook::frame_of(view)};
  what.streamed = false;
  const auto expected = waybill::webhook::make_envelope(waybill::sdk::delivery{what.fill()});
  CHECK(stream.size() == expected.size());
  for (const std::size_t room : {1'000'000u, 4'096u, 7u}) {
    REQUIRE(stream.rewind());
    std::string all;
    std::vector<char> buffer(room);
    for (;;) {
      const auto got = stream.read(buffer.data(), room);
      REQUIRE(got);
      if (*got == 0) break;
      all.append(buffer.data(), *got);
    }
    CHECK(all == expected);
  }
}
