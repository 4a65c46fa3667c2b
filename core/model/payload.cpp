// SPDX-License-Identifier: Apache-2.0
#include "core/model/payload.hpp"

#include <algorithm>

namespace waybill::core {
namespace {

bool ends_with_ignoring_case(std::string_view text, std::string_view lower_case) {
  if (text.size() < lower_case.size()) return false;
  const auto tail = text.substr(text.size() - lower_case.size());
  return std::equal(tail.begin(), tail.end(), lower_case.begin(),
                    [](char a, char b) { return (a >= 'A' && a <= 'Z' ? static_cast<char>(a | 0x20) : a) == b; });
}

}  // namespace

bool is_json_media_type(std::string_view content_type) {
  auto type = content_type.substr(0, content_type.find(';'));
  while (!type.empty() && (type.back() == ' ' || type.back() == '\t')) type.remove_suffix(1);
  while (!type.empty() && (type.front() == ' ' || type.front() == '\t')) type.remove_prefix(1);
  constexpr std::string_view suffix = "+json";
  for (const std::string_view whole : {"application/json", "text/json"})
    if (type.size() == whole.size() && ends_with_ignoring_case(type, whole)) return true;
  return type.size() > suffix.size() && ends_with_ignoring_case(type, suffix);
}

}  // namespace waybill::core
