// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include <waybill/transfer/reactor.hpp>

#include "../nginx_server.hpp"
#include "../node_program.hpp"

namespace waybill::testing {

/// A program under tests/peers that stands for a cloud, and what it is asked beside the plugin's back (routes /_/…).
class cloud_peer {
public:
  cloud_peer(const std::vector<std::string>& arguments) : program_(arguments) {}

  [[nodiscard]] std::string url(std::string_view path) const { return program_.url(path); }
  /// JSON of a route; null if it answered anything but 200.
  [[nodiscard]] nlohmann::json get(const std::string& path) const { return ask("GET", path, {}); }
  nlohmann::json post(const std::string& path, std::string body = {}) const { return ask("POST", path, std::move(body)); }

private:
  [[nodiscard]] nlohmann::json ask(const std::string& method, const std::string& path, std::string body) const;

  node_program program_;
};

/// A key pair made with openssl: key.pem, public.pem, certificate.pem.
struct rsa_key {
  temporary_folder folder;
  rsa_key();
  [[nodiscard]] std::string path(const std::string& name) const { return folder.path() + "/" + name; }
};

/// Percent-encoded.
[[nodiscard]] std::string encoded(std::string_view text);

}  // namespace waybill::testing
