// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "core/model/error.hpp"
#include "core/schema/schema_validator.hpp"
#include "core/schema/schema_walk.hpp"

#include <nlohmann/json.hpp>

namespace waybill::core {

/// Turns what valijson says into faults a person can act on: JSON Pointer, the keyword as rule, a sentence with what the
/// schema asks for. Of anyOf and oneOf only the branch most likely meant is reported. Never quotes a value.
/// Lives for one validation.
class schema_faults {
public:
  schema_faults(const schema_walk& walk, const nlohmann::json& config);
  [[nodiscard]] std::vector<field_fault> translate(std::vector<raw_fault> raw) const;

private:
  void translate_one(const raw_fault& raw, std::vector<field_fault>& out) const;
  void missing_member(const std::string& pointer, const raw_fault& raw, std::vector<field_fault>& out) const;
  void unknown_members(const std::string& pointer, const raw_fault& raw, std::vector<field_fault>& out) const;
  [[nodiscard]] std::string sentence(const std::string& rule, const std::string& pointer) const;
  /// The keyword's value in the schema nodes that govern the pointer; nullptr if none of them has it.
  [[nodiscard]] const nlohmann::json* keyword(const std::string& name, const std::string& pointer) const;

  const nlohmann::json& config_;
  std::unordered_map<std::string, std::vector<const nlohmann::json*>> governing_;  ///< schema nodes by pointer
};

}  // namespace waybill::core
