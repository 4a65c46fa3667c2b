// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace waybill::core::postgres {

/// Advisory locks of a session, one of each kind per schema.
enum class lock_kind : std::uint8_t { migration = 1, writer };

/// The two keys of a lock as SQL: "WAYB" and the kind, and the schema (several stores may share a database).
[[nodiscard]] inline std::string lock_keys(lock_kind kind) {
  constexpr std::uint32_t waybill = 0x57415900;
  return std::to_string(waybill + static_cast<std::uint32_t>(kind)) + ", hashtext(current_schema())";
}

[[nodiscard]] inline std::string lock_call(lock_kind kind) { return "pg_advisory_lock(" + lock_keys(kind) + ")"; }

}  // namespace waybill::core::postgres
