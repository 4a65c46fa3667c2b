// SPDX-License-Identifier: Apache-2.0
#include "core/telemetry/series.hpp"

#include <algorithm>

namespace waybill::core {
namespace {

void merge(prometheus::ClientMetric& sum, const prometheus::ClientMetric& value) {
  sum.counter.value += value.counter.value;
  sum.gauge.value += value.gauge.value;
  sum.histogram.sample_count += value.histogram.sample_count;
  sum.histogram.sample_sum += value.histogram.sample_sum;
  if (sum.histogram.bucket.empty()) {
    sum.histogram.bucket = value.histogram.bucket;
    return;
  }
  const auto buckets = std::min(sum.histogram.bucket.size(), value.histogram.bucket.size());
  for (std::size_t i = 0; i < buckets; ++i)
    sum.histogram.bucket[i].cumulative_count += value.histogram.bucket[i].cumulative_count;
}

}  // namespace

void family_sum::add(const std::string& name, const std::string& help, prometheus::MetricType type, const label_list& labels,
                     const prometheus::ClientMetric& value) {
  auto& family = families_.try_emplace(name, summed_family{help, type, {}}).first->second;
  if (family.type != type) return;
  merge(family.series[labels], value);
}

std::vector<prometheus::MetricFamily> family_sum::take() {
  std::vector<prometheus::MetricFamily> page;
  page.reserve(families_.size());
  for (auto& [name, family] : families_) {
    prometheus::MetricFamily out;
    out.name = name;
    out.help = std::move(family.help);
    out.type = family.type;
    for (auto& [labels, metric] : family.series) {
      for (const auto& [label, value] : labels) metric.label.push_back({label, value});
      out.metric.push_back(std::move(metric));
    }
    page.push_back(std::move(out));
  }
  families_.clear();
  return page;
}

}  // namespace waybill::core
