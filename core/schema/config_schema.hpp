// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/error.hpp"
#include "core/security/secret_box.hpp"

#include <nlohmann/json.hpp>

namespace waybill::core {

/// What a redacted secret looks like in an answer.
inline constexpr std::string_view redacted_mark = "••••";

/// A handler's configuration schema: JSON Schema draft 7, `x-secret: true` on what is encrypted and redacted. A secret
/// member may lie under properties, items, additionalProperties, patternProperties, allOf/anyOf/oneOf, and may be text or
/// any other value (an object is sealed as a whole). Immutable, thread-safe.
class config_schema {
public:
  /// validation_error if it is not a usable draft 7 schema of an object.
  [[nodiscard]] static result<config_schema> compile(nlohmann::json document);
  config_schema(config_schema&&) noexcept;
  config_schema& operator=(config_schema&&) noexcept;
  ~config_schema();

  /// Every fault, with its JSON Pointer into `config`; never quotes the value of a secret.
  [[nodiscard]] std::vector<field_fault> validate(const nlohmann::json& config) const;
  /// `config` with the schema's defaults filled in where a member is missing.
  [[nodiscard]] nlohmann::json with_defaults(nlohmann::json config) const;
  [[nodiscard]] nlohmann::json seal(nlohmann::json config, const secret_box& box, std::string_view context) const;
  [[nodiscard]] result<nlohmann::json> unseal(nlohmann::json config, const secret_box& box, std::string_view context) const;
  [[nodiscard]] nlohmann::json redact(nlohmann::json config) const;
  /// `incoming` with every secret member that is the redacted mark replaced by the one of `stored`.
  [[nodiscard]] nlohmann::json keep_redacted(nlohmann::json incoming, const nlohmann::json& stored) const;
  [[nodiscard]] const nlohmann::json& document() const;

private:
  struct compiled;
  explicit config_schema(std::unique_ptr<compiled> c);
  std::unique_ptr<compiled> compiled_;
};

}  // namespace waybill::core
