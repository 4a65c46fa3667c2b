// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/model/error.hpp"

#include <nlohmann/json_fwd.hpp>

namespace waybill::core {

/// What valijson says of a value: the way to it, and a sentence of its own that never quotes a value.
struct raw_fault {
  std::vector<std::string> path;
  std::string description;
};

/// The one place that knows valijson. Immutable, thread-safe.
class schema_validator {
public:
  /// validation_error with valijson's reason if it cannot use the schema. Fetches nothing: references stay in the document.
  [[nodiscard]] static result<schema_validator> compile(const nlohmann::json& document);
  schema_validator(schema_validator&&) noexcept;
  schema_validator& operator=(schema_validator&&) noexcept;
  ~schema_validator();

  /// Empty: valid. In the order of valijson: the faults of a branch before the fault of the whole.
  [[nodiscard]] std::vector<raw_fault> validate(const nlohmann::json& value) const;

private:
  struct parsed;
  explicit schema_validator(std::unique_ptr<parsed> p);
  std::unique_ptr<parsed> parsed_;
};

}  // namespace waybill::core
