// SPDX-License-Identifier: Apache-2.0
#include "core/schema/schema_branches.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

namespace waybill::core {
namespace {

constexpr std::string_view branch_end = "Failed to validate against child schema #";

bool starts_with(std::string_view text, std::string_view start) { return text.substr(0, start.size()) == start; }

bool is_whole(const raw_fault& fault) {
  return starts_with(fault.description, "Failed to validate against any schemas allowed by anyOf") ||
         starts_with(fault.description, "Failed to validate against any child schemas allowed by oneOf");
}

// Said of a parent after its child was reported.
bool is_echo(const raw_fault& fault) {
  constexpr std::array<std::string_view, 7> echoes{
      branch_end,
      "Failed to validate item #",
      "Failed to validate against schema associated with",
      "Failed to validate against additional properties schema",
      "Failed to validate against dependent schema",
      "Failed to validate against a conditional schema",
      "Failed to any values against subschema",
  };
  // The last one is the word of `contains` itself.
  return std::any_of(echoes.begin(), echoes.end() - 1,
                     [&](std::string_view echo) { return starts_with(fault.description, echo); });
}

// A constant of a direct member tells the branches apart.
bool is_other_constant(const raw_fault& fault, std::size_t depth) {
  return fault.path.size() == depth + 1 && (starts_with(fault.description, "Failed to match expected value set by 'const'") ||
                                            starts_with(fault.description, "Failed to match against any enum"));
}

bool is_within(const raw_fault& fault, const std::vector<std::string>& path) {
  return fault.path.size() >= path.size() && std::equal(path.begin(), path.end(), fault.path.begin());
}

using branch = std::vector<raw_fault>;

/// Takes the branches of the whole at `path` off the end of `seen`, the first branch first. Empty if they cannot be told apart.
std::vector<branch> take_branches(std::vector<raw_fault>& seen, const std::vector<std::string>& path) {
  std::vector<branch> branches;
  int expected = -1;  // number of the branch that ends here; counts down to 0
  while (!seen.empty() && is_within(seen.back(), path)) {
    auto& last = seen.back();
    if (last.path == path && starts_with(last.description, branch_end)) {
      const int number = std::atoi(last.description.c_str() + branch_end.size());
      if (expected == 0 || (expected > 0 && number != expected - 1)) break;
      expected = number;
      branches.emplace_back();
    } else {
      if (branches.empty()) break;
      branches.back().push_back(std::move(last));
    }
    seen.pop_back();
  }
  std::reverse(branches.begin(), branches.end());
  for (auto& one : branches) std::reverse(one.begin(), one.end());
  return branches;
}

struct rank {
  std::size_t other_constants;
  std::size_t faults;
};
rank rank_of(const branch& one, std::size_t depth) {
  const auto constants = std::count_if(one.begin(), one.end(), [&](const auto& f) { return is_other_constant(f, depth); });
  return {static_cast<std::size_t>(constants), one.size()};
}

// Chosen when the constants single out branches; nothing when no constant, or every branch's constant, is wrong.
const branch* likely_meant(const std::vector<branch>& branches, std::size_t depth) {
  const branch* best = nullptr;
  bool some_excluded = false;
  for (const auto& one : branches) {
    const auto mine = rank_of(one, depth);
    if (mine.other_constants > 0) {
      some_excluded = true;
    } else if (!best || mine.faults < rank_of(*best, depth).faults) {
      best = &one;
    }
  }
  return some_excluded ? best : nullptr;
}

}  // namespace

std::vector<raw_fault> choose_branches(std::vector<raw_fault> raw) {
  std::vector<raw_fault> seen;
  for (auto& fault : raw) {
    if (!is_whole(fault)) {
      seen.push_back(std::move(fault));
      continue;
    }
    auto branches = take_branches(seen, fault.path);
    const auto* meant = likely_meant(branches, fault.path.size());
    if (meant) {
      seen.insert(seen.end(), meant->begin(), meant->end());
    } else {
      seen.push_back(std::move(fault));
    }
  }
  // Where nothing but echoes is left, one of them is better than silence.
  const bool all_echoes = std::all_of(seen.begin(), seen.end(), is_echo);
  if (!all_echoes) seen.erase(std::remove_if(seen.begin(), seen.end(), is_echo), seen.end());
  return seen;
}

}  // namespace waybill::core
