// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace waybill::sdk::check {

enum class verdict : std::uint8_t { passed = 1, warned, failed, skipped };

/// What one check found, and for a fault what its author should do.
struct finding {
  std::string check;
  verdict outcome = verdict::passed;
  std::string text;
  std::string advice;
};

/// All of a run, in the order it happened.
struct report {
  std::string library;
  std::string plugin;  ///< type, title, version and features in a line; empty if it did not load
  std::vector<finding> findings;

  [[nodiscard]] std::size_t count(verdict outcome) const;
  [[nodiscard]] bool is_good() const { return count(verdict::failed) == 0; }
};

[[nodiscard]] std::string to_text(const report& of);
[[nodiscard]] nlohmann::json to_json(const report& of);
[[nodiscard]] nlohmann::json to_json(const finding& of);
[[nodiscard]] finding finding_from(const nlohmann::json& json);

}  // namespace waybill::sdk::check
