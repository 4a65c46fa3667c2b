// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "api/json_delivery.hpp"
#include "api/json_input.hpp"
#include "core/service.hpp"

namespace waybill::api {

/// Destinations as clients see and say them (openapi.yaml: Destination, DestinationInput, SigningSecret, …).
/// `health` is left out where the service did not tell it, `generated` shown where it is there (the answer that made it).
[[nodiscard]] std::string destination_text(const core::destination& d, std::optional<core::health_status> health,
                                           const std::optional<core::signing_secret>& generated, std::string_view base_url);
[[nodiscard]] std::string health_text(const core::destination_health& health);
[[nodiscard]] std::string test_text(const core::connection_test& test, audience reader);
[[nodiscard]] std::string secret_text(const core::signing_secret& secret);
[[nodiscard]] std::string destination_type_text(const core::destination_type& type);

/// What a body must have and what null means in it: a PUT is whole, a PATCH is a merge patch (RFC 7396).
enum class input_kind : std::uint8_t { whole = 1, probe, patch };
[[nodiscard]] core::destination_input read_destination(object_input& body, input_kind kind);
[[nodiscard]] core::secret_input read_secret(object_input& body);

}  // namespace waybill::api
