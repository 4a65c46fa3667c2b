// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

namespace waybill::core {

/// The names of an enum whose values count up from 1, in order: one table for both directions.
template <class Enum, std::size_t Count>
struct enum_names {
  std::array<std::string_view, Count> names;

  [[nodiscard]] constexpr std::string_view of(Enum value) const {
    const auto index = static_cast<std::size_t>(value) - 1;
    return index < Count ? names[index] : std::string_view{"unknown"};
  }
  [[nodiscard]] constexpr std::optional<Enum> from(std::string_view text) const {
    for (std::size_t i = 0; i < Count; ++i)
      if (names[i] == text) return static_cast<Enum>(i + 1);
    return std::nullopt;
  }
};

}  // namespace waybill::core
