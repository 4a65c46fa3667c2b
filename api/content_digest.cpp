// SPDX-License-Identifier: Apache-2.0
#include "api/content_digest.hpp"

#include <algorithm>
#include <string>

#include "core/security/digest.hpp"

namespace waybill::api {
namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

tl::unexpected<core::error> refused(std::string_view field, std::string message) {
  return core::fail({core::error_code::validation_error,
                     "the digest cannot be read",
                     {{std::string{field}, "format", std::move(message)}},
                     std::nullopt});
}

}  // namespace

core::result<std::optional<core::sha256_digest>> parse_digest_field(std::string_view field, std::string_view value) {
  std::optional<core::sha256_digest> found;
  // No byte sequence holds a comma, so members end at the next one.
  while (!value.empty()) {
    const auto end = std::min(value.find(','), value.size());
    const auto member = trimmed(value.substr(0, end));
    value.remove_prefix(std::min(end + 1, value.size()));
    const auto equals = member.find('=');
    if (equals == std::string_view::npos) return refused(field, "algorithm=:base64: is expected");
    const auto digest = member.substr(equals + 1);
    if (digest.size() < 2 || digest.front() != ':' || digest.back() != ':')
      return refused(field, "the value stands between colons, in base64");
    if (member.substr(0, equals) != "sha-256") continue;
    const auto bytes = core::from_base64(digest.substr(1, digest.size() - 2));
    core::sha256_digest out{};
    if (!bytes || bytes->size() != out.size()) return refused(field, "a SHA-256 is 32 bytes in base64");
    std::copy(bytes->begin(), bytes->end(), out.begin());
    found = out;
  }
  return found;
}

}  // namespace waybill::api
