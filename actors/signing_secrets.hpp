// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "actors/engine_context.hpp"
#include "core/model/destination.hpp"

namespace waybill::actors {

inline constexpr std::string_view default_algorithm = "hmac-sha256";

[[nodiscard]] bool uses_signing_secrets(const engine_context& context, const std::string& type);
/// A fresh one in clear: `whsec_` and base64 of 32 random bytes (Standard Webhooks); `whsk_` and base64 of a 32-byte seed for
/// ed25519.
[[nodiscard]] core::signing_secret generate_secret(core::destination_id id, std::string_view algorithm, core::utc_time now);
/// What is wrong with a secret brought along; nothing if it is fine.
[[nodiscard]] std::optional<core::field_fault> check_secret(std::string_view algorithm, std::string_view secret);
[[nodiscard]] core::signing_secret sealed(core::signing_secret clear, const core::secret_box& box, std::string_view context);

}  // namespace waybill::actors
