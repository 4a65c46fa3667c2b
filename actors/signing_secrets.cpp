// SPDX-License-Identifier: Apache-2.0
#include "actors/signing_secrets.hpp"

#include "core/security/digest.hpp"

namespace waybill::actors {
namespace {

constexpr std::size_t generated_bytes = 32;
constexpr std::size_t least_bytes = 24;  // Standard Webhooks: between 24 and 64 bytes
constexpr std::size_t most_bytes = 64;

bool is_ed25519(std::string_view algorithm) { return algorithm == "ed25519"; }
std::string_view prefix_of(std::string_view algorithm) { return is_ed25519(algorithm) ? "whsk_" : "whsec_"; }

}  // namespace

bool uses_signing_secrets(const engine_context& context, const std::string& type) {
  const auto* found = context.plugins.find(type);
  return found != nullptr && found->has_feature("signing_secrets");
}

core::signing_secret generate_secret(core::destination_id id, std::string_view algorithm, core::utc_time now) {
  core::signing_secret made;
  made.id = core::secret_id::make();
  made.destination = id;
  made.algorithm = algorithm;
  made.secret = std::string(prefix_of(algorithm)) + core::to_base64(core::random_bytes(generated_bytes));
  made.created_at = now;
  return made;
}

std::optional<core::field_fault> check_secret(std::string_view algorithm, std::string_view secret) {
  if (algorithm != "hmac-sha256" && algorithm != "hmac-sha512" && !is_ed25519(algorithm))
    return core::field_fault{"/algorithm", "enum", "algorithm is one of hmac-sha256, hmac-sha512, ed25519"};
  const auto prefix = prefix_of(algorithm);
  const auto format = std::string(prefix) + " and base64";
  if (secret.substr(0, prefix.size()) != prefix)
    return core::field_fault{"/secret", "format", "a secret for " + std::string(algorithm) + " is " + format};
  auto bytes = core::from_base64(secret.substr(prefix.size()));
  if (!bytes) return core::field_fault{"/secret", "format", "a secret for " + std::string(algorithm) + " is " + format};
  if (is_ed25519(algorithm)) {
    if (bytes->size() == 32 || bytes->size() == 64) return std::nullopt;
    return core::field_fault{"/secret", "length", "an ed25519 key is a seed of 32 bytes, or seed and public key of 64"};
  }
  if (bytes->size() < least_bytes || bytes->size() > most_bytes)
    return core::field_fault{"/secret", "length", "a secret takes 24 to 64 bytes before base64"};
  return std::nullopt;
}

core::signing_secret sealed(core::signing_secret clear, const core::secret_box& box, std::string_view context) {
  clear.secret = box.seal(clear.secret, context);
  return clear;
}

}  // namespace waybill::actors
