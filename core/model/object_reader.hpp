// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/error.hpp"
#include "core/model/policy_bounds.hpp"

#include <nlohmann/json.hpp>

namespace waybill::core {

/// `/a~1b` for a member `a/b`: one step of an RFC 6901 JSON Pointer.
[[nodiscard]] std::string pointer_step(std::string_view member);

/// Reads the members of one JSON object and notes everything that is wrong with them, so that a client learns all faults at
/// once. Lives on the stack for one reading; `node` and `faults` outlive it. Never throws. Values are not quoted in faults.
class object_reader {
public:
  /// A fault if `node` is not an object; every read then gives nothing.
  object_reader(const nlohmann::json& node, std::string pointer, std::vector<field_fault>& faults);

  /// Nothing when it is missing or wrong. A float without a fraction counts as whole, as JSON Schema has it.
  [[nodiscard]] std::optional<std::int64_t> whole(std::string_view name, bounds::whole range);
  [[nodiscard]] std::optional<std::uint32_t> count(std::string_view name, bounds::whole range);
  [[nodiscard]] std::optional<std::chrono::milliseconds> duration(std::string_view name, bounds::whole range);
  [[nodiscard]] std::optional<double> real(std::string_view name, bounds::real range);
  [[nodiscard]] std::optional<std::vector<std::chrono::milliseconds>> durations(std::string_view name, bounds::whole range,
                                                                                std::size_t most_entries);
  /// The member, or nullptr; marks it known.
  [[nodiscard]] const nlohmann::json* member(std::string_view name);
  [[nodiscard]] std::string pointer_to(std::string_view name) const;
  void fault(std::string_view name, std::string rule, std::string message);
  /// A fault for every member that was not asked for. Call it last.
  void refuse_others();

private:
  [[nodiscard]] std::optional<std::int64_t> whole_value(const nlohmann::json& value, bounds::whole range,
                                                        const std::string& pointer);
  void add(std::string pointer, std::string rule, std::string message);

  const nlohmann::json* node_;  ///< nullptr: not an object
  std::string pointer_;
  std::vector<field_fault>& faults_;
  std::vector<std::string_view> known_;
};

}  // namespace waybill::core
