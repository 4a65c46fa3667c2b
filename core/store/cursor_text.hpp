// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/model/error.hpp"
#include "core/model/id.hpp"

namespace waybill::core {

/// Which list a cursor belongs to; a cursor of one list is refused by every other.
enum class cursor_kind : std::uint8_t {
  deliveries = 1,
  destinations,
  dead_letters,
  keys,
  organizations,
  jobs,
  audit,
  legal_holds,
  erasures,
  links,
  link_accesses
};

/// The last key of a page as opaque text: base64url of kind, id and a check sum, which finds typing errors and invention
/// (not malice: a cursor grants nothing that the filter and the organization would not).
[[nodiscard]] std::string make_cursor(cursor_kind kind, const id_bytes& last);

/// validation_error at "cursor" for a text that make_cursor did not give for this kind.
[[nodiscard]] result<id_bytes> read_cursor(cursor_kind kind, std::string_view text);

/// The same for a request whose cursor may be empty: then `first`.
[[nodiscard]] result<id_bytes> read_cursor_or(cursor_kind kind, std::string_view text, const id_bytes& first);

/// Smaller, greater than every id.
inline constexpr id_bytes lowest_id{};
[[nodiscard]] constexpr id_bytes highest_id() {
  id_bytes all{};
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = 0xff;
  return all;
}

}  // namespace waybill::core
