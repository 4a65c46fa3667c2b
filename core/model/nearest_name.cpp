// SPDX-License-Identifier: Apache-2.0
#include "core/model/nearest_name.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdlib>

namespace waybill::core {
namespace {

// Longer than any name of ours: beyond it the quadratic distance is not worth computing for an adversary.
constexpr std::size_t longest_name = 80;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Optimal string alignment: Levenshtein's three rows, plus the swap of two neighbours, which is what fingers do.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t differs = lower(a[i - 1]) == lower(b[j - 1]) ? 0 : 1;
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + differs});
      if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1]))
        row[j] = std::min(row[j], before[j - 2] + 1);
    }
    std::swap(before, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

}  // namespace

std::string_view nearest_name(std::string_view text, const std::vector<std::string_view>& known) {
  if (text.empty() || text.size() > longest_name) return {};
  std::string_view best;
  std::size_t best_distance = longest_name;
  for (const auto name : known) {
    const std::size_t allowed = std::max<std::size_t>(1, std::max(text.size(), name.size()) / 3);
    const std::size_t distance = edit_distance(text, name);
    if (distance <= allowed && distance < best_distance) {
      best = name;
      best_distance = distance;
    }
  }
  return best;
}

std::string did_you_mean(std::string_view text, const std::vector<std::string_view>& known) {
  const auto near = nearest_name(text, known);
  return near.empty() ? std::string{} : " Did you mean \"" + std::string{near} + "\"?";
}

}  // namespace waybill::core
