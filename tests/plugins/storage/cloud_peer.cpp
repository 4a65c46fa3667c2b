// SPDX-License-Identifier: Apache-2.0
#include "cloud_peer.hpp"

#include <catch2/catch.hpp>

#include <waybill/transfer/sigv4.hpp>

#include "../../sdk/transfer/exchange_box.hpp"

namespace waybill::testing {

nlohmann::json cloud_peer::ask(const std::string& method, const std::string& path, std::string body) const {
  static transfer::reactor loop;
  auto what = make_exchange(options_for(url(path), method));
  what->headers.add("Content-Type", "application/octet-stream");
  what->body.owned = std::move(body);
  const auto seen = perform(loop, std::move(what));
  UNSCOPED_INFO(path << " " << seen.status << " " << seen.detail << " " << seen.body);
  return seen.status == 200 ? nlohmann::json::parse(seen.body) : nlohmann::json{};
}

rsa_key::rsa_key() {
  const auto log = path("openssl.log");
  REQUIRE(run({"openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=client", "-keyout",
               path("key.pem"), "-out", path("certificate.pem")},
              log) == 0);
  REQUIRE(run({"openssl", "pkey", "-in", path("key.pem"), "-pubout", "-out", path("public.pem")}, log) == 0);
}

std::string encoded(std::string_view text) { return transfer::uri_encode(text); }

}  // namespace waybill::testing
