// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <prometheus/metric_family.h>

namespace waybill::core {

using label_list = std::vector<std::pair<std::string, std::string>>;

/// Series by a name given as a view: found without making a string. Bounded, because some names come from outside: beyond
/// `Most` of them everything is counted under "other". Node addresses are stable. Not thread-safe.
template <class Series, std::size_t Most>
class series_map {
public:
  /// nullptr if there is none yet (and room for it).
  [[nodiscard]] Series* find(std::string_view name) const {
    auto found = by_name_.find(name);
    if (found == by_name_.end() && by_name_.size() >= Most) found = by_name_.find("other");
    return found == by_name_.end() ? nullptr : &found->second->series;
  }
  Series& add(std::string_view name) {
    if (by_name_.size() >= Most) name = "other";
    auto made = std::make_unique<node>(node{std::string{name}, {}});
    const std::string_view key = made->name;
    return by_name_.emplace(key, std::move(made)).first->second->series;
  }
  template <class Visit>
  void for_each(Visit visit) const {
    for (const auto& [name, entry] : by_name_) visit(entry->name, entry->series);
  }

private:
  struct node {
    std::string name;
    Series series;
  };
  std::unordered_map<std::string_view, std::unique_ptr<node>> by_name_;  ///< keys view into their nodes
};

/// Sums up the series of all threads, label set by label set, into the families of one page. Lives for one scrape.
class family_sum {
public:
  void add(const std::string& name, const std::string& help, prometheus::MetricType type, const label_list& labels,
           const prometheus::ClientMetric& value);
  /// Families by name, series by labels: the page is the same whatever thread was counted first. Two kinds under one name are
  /// no valid page, so of a family only the kind that came first is kept.
  [[nodiscard]] std::vector<prometheus::MetricFamily> take();

private:
  struct summed_family {
    std::string help;
    prometheus::MetricType type;
    std::map<label_list, prometheus::ClientMetric> series;
  };
  std::map<std::string, summed_family> families_;
};

}  // namespace waybill::core
