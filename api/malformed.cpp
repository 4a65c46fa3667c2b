// SPDX-License-Identifier: Apache-2.0
#include "api/malformed.hpp"

#include <utility>

namespace waybill::api {

void add_fault(std::vector<core::field_fault>& faults, std::string pointer, std::string rule, std::string message) {
  if (faults.size() < max_faults) faults.push_back({std::move(pointer), std::move(rule), std::move(message)});
}

core::error invalid_fields(std::vector<core::field_fault> faults) {
  core::error error;
  error.code = core::error_code::validation_error;
  error.message = faults.size() == 1 ? "one field breaks a rule" : std::to_string(faults.size()) + " fields break a rule";
  error.fields = std::move(faults);
  return error;
}

core::error malformed_body(const json_fault& fault) {
  core::error error;
  error.code = core::error_code::malformed_request;
  error.message = "the body is not acceptable JSON: " + fault.message + " (at byte " + std::to_string(fault.offset) + ")";
  error.fields.push_back({fault.pointer, fault.rule, fault.message});
  return error;
}

}  // namespace waybill::api
