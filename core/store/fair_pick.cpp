// SPDX-License-Identifier: Apache-2.0
#include "core/store/fair_pick.hpp"

#include <algorithm>
#include <unordered_map>

namespace waybill::core {

std::vector<std::size_t> fair_pick(const std::vector<new_delivery>& waiting, std::size_t most) {
  std::vector<std::vector<std::size_t>> lines;
  std::unordered_map<organization_id, std::size_t> line_of;
  for (std::size_t i = 0; i < waiting.size(); ++i) {
    const auto [found, fresh] = line_of.emplace(waiting[i].content->organization, lines.size());
    if (fresh) lines.emplace_back();
    lines[found->second].push_back(i);
  }
  std::vector<std::size_t> picked;
  picked.reserve(std::min(most, waiting.size()));
  for (std::size_t round = 0; picked.size() < std::min(most, waiting.size()); ++round)
    for (const auto& line : lines)
      if (round < line.size() && picked.size() < most) picked.push_back(line[round]);
  std::sort(picked.begin(), picked.end());
  return picked;
}

}  // namespace waybill::core
