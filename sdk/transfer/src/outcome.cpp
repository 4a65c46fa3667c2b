// SPDX-License-Identifier: Apache-2.0
#include <waybill/transfer/exchange.hpp>

namespace waybill::transfer {

std::string_view outcome::header(std::string_view name) const {
  auto rest = headers;
  while (!rest.empty()) {
    const auto end = rest.find('\n');
    auto line = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
    if (line.size() <= name.size() || line[name.size()] != ':') continue;
    if (!equal_ignoring_case(line.substr(0, name.size()), name)) continue;
    line.remove_prefix(name.size() + 1);
    while (!line.empty() && (line.front() == ' ' || line.front() == '\t')) line.remove_prefix(1);
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ' || line.back() == '\t')) line.remove_suffix(1);
    return line;
  }
  return {};
}

}  // namespace waybill::transfer
