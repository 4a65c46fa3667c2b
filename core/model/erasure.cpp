// SPDX-License-Identifier: Apache-2.0
#include "core/model/erasure.hpp"

#include "core/model/enum_names.hpp"
#include "core/security/digest.hpp"

#include <nlohmann/json.hpp>

namespace waybill::core {
namespace {

constexpr enum_names<erasure_state, 3> states{{"running", "compacting", "completed"}};
constexpr const char* hash_member = "sha256";

std::string hex_of(std::string_view bytes) {
  const auto digest = sha256(bytes);
  return to_hex(digest.data(), digest.size());
}

/// Members in the order of their names, no white space, as nlohmann::json keeps and writes them.
std::string canonical(const nlohmann::json& document) {
  return document.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

std::string_view to_string(erasure_state state) { return states.of(state); }

std::string sealed_selector(const erasure& of, std::string_view salt) {
  if (of.scope == data_scope::organization) return "{}";
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(salt.data());
  return canonical({{"selectorSalt", to_hex(bytes, salt.size())}, {"selectorSha256", hex_of(std::string(salt) + of.selector)}});
}

std::string make_certificate(const erasure& of, utc_time finished_at) {
  nlohmann::json document{{"erasureId", of.id.to_string()},
                          {"organizationId", of.organization.to_string()},
                          {"scope", to_string(of.scope)},
                          {"reason", of.reason},
                          {"requestedBy", of.requested_by.to_string()},
                          {"requestedAt", to_rfc3339(of.requested_at)},
                          {"finishedAt", to_rfc3339(finished_at)},
                          {"cancelledTasks", of.cancelled},
                          {"heldDeliveries", of.held},
                          {"erasedRows", of.erased}};
  const auto sealed = nlohmann::json::parse(of.certificate, nullptr, false);
  if (sealed.is_object()) document.update(sealed);
  document[hash_member] = hex_of(canonical(document));
  return canonical(document);
}

bool is_sound_certificate(std::string_view text) {
  auto document = nlohmann::json::parse(text, nullptr, false);
  if (!document.is_object() || !document.contains(hash_member) || !document[hash_member].is_string()) return false;
  const auto claimed = document[hash_member].get<std::string>();
  document.erase(hash_member);
  return hex_of(canonical(document)) == claimed;
}

}  // namespace waybill::core
