// SPDX-License-Identifier: Apache-2.0
#include "core/schema/schema_validator.hpp"

#include <exception>
#include <utility>

#include <nlohmann/json.hpp>

// Without it valijson ends the process where it means an exception.
#define VALIJSON_USE_EXCEPTIONS 1
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Woverloaded-virtual"
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>
#pragma GCC diagnostic pop

namespace waybill::core {

struct schema_validator::parsed {
  valijson::Schema schema;
};

schema_validator::schema_validator(std::unique_ptr<parsed> p) : parsed_(std::move(p)) {}
schema_validator::schema_validator(schema_validator&&) noexcept = default;
schema_validator& schema_validator::operator=(schema_validator&&) noexcept = default;
schema_validator::~schema_validator() = default;

result<schema_validator> schema_validator::compile(const nlohmann::json& document) {
  auto made = std::make_unique<parsed>();
  try {
    valijson::SchemaParser parser{valijson::SchemaParser::kDraft7};
    parser.populateSchema(valijson::adapters::NlohmannJsonAdapter{document}, made->schema);
  } catch (const std::exception& e) {
    return fail(error_code::validation_error, std::string{"It is no JSON Schema of draft 7: "} + e.what());
  }
  return schema_validator{std::move(made)};
}

std::vector<raw_fault> schema_validator::validate(const nlohmann::json& value) const {
  std::vector<raw_fault> faults;
  try {
    // Made anew each time: it caches regular expressions without a lock.
    valijson::Validator validator{valijson::Validator::kStrongTypes};
    valijson::ValidationResults results;
    if (validator.validate(parsed_->schema, valijson::adapters::NlohmannJsonAdapter{value}, &results)) return faults;
    for (const auto& error : results) faults.push_back({error.context, error.description});
  } catch (const std::exception&) {
    // std::regex gives up on what is too complex: the value is then not known to be valid.
  }
  // propertyNames fails without a word.
  if (faults.empty()) faults.push_back({{}, "Not valid."});
  return faults;
}

}  // namespace waybill::core
