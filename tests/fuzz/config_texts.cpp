// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/model/id.hpp"
#include "core/model/policy.hpp"
#include "core/model/time.hpp"
#include "core/security/api_key.hpp"
#include "core/security/digest.hpp"
#include "core/security/network_guard.hpp"
#include "core/security/secret_box.hpp"

#include <nlohmann/json.hpp>

using namespace waybill::core;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void read_policy(std::string_view text) {
  const auto json = nlohmann::json::parse(text.begin(), text.end(), nullptr, false);
  if (json.is_discarded()) return;
  const auto policy = policy_from_json(json, "/policy");
  if (!policy) return require(!policy.error().fields.empty());
  const auto again = policy_from_json(to_json(*policy), "/policy");
  require(again && to_json(*again) == to_json(*policy));
}

}  // namespace

// Every small parser of texts from outside; what one accepts, it writes and accepts again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  if (const auto time = parse_rfc3339(text)) require(parse_rfc3339(to_rfc3339(*time)).has_value());
  if (const auto id = from_base32(text)) require(from_base32(to_base32(*id)) == id);
  if (const auto bytes = from_base64(text)) require(to_base64(*bytes) == text);
  if (const auto id = delivery_id::parse(text)) require(delivery_id::parse(id->to_string()) == id);
  static_cast<void>(parse_key_text(text));
  static_cast<void>(ip_range::parse(text));
  static_cast<void>(parse_master_key(text));
  read_policy(text);
  return 0;
}
