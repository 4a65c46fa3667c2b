// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/error.hpp"

namespace waybill::core::tests {

/// "pointer rule" of each fault, sorted: what most tests want to see of them.
inline std::vector<std::string> brief(const std::vector<field_fault>& faults) {
  std::vector<std::string> out;
  out.reserve(faults.size());
  for (const auto& fault : faults) out.push_back(fault.pointer + " " + fault.rule);
  std::sort(out.begin(), out.end());
  return out;
}

/// Of the first fault at the pointer; empty if there is none.
inline std::string message_at(const std::vector<field_fault>& faults, std::string_view pointer) {
  for (const auto& fault : faults)
    if (fault.pointer == pointer) return fault.message;
  return {};
}

/// Does the text stand anywhere in what a client would be told?
inline bool mentions(const std::vector<field_fault>& faults, std::string_view text) {
  return std::any_of(faults.begin(), faults.end(), [&](const field_fault& fault) {
    return fault.pointer.find(text) != std::string::npos || fault.message.find(text) != std::string::npos;
  });
}

}  // namespace waybill::core::tests
