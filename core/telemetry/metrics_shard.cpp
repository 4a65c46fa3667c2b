// SPDX-License-Identifier: Apache-2.0
#include "core/telemetry/metrics_shard.hpp"

#include <algorithm>
#include <chrono>

namespace waybill::core {
namespace {

using boundaries = prometheus::Histogram::BucketBoundaries;

const boundaries& attempt_buckets() {
  static const boundaries seconds{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60};
  return seconds;
}
// From the fastest way through the engine to a retry schedule of days.
const boundaries& task_buckets() {
  static const boundaries seconds{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25,  0.5,    1,
                                  2.5,   5,      10,    30,   60,    300,  900, 3'600, 14'400, 86'400};
  return seconds;
}
const boundaries& http_buckets() {
  static const boundaries seconds{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};
  return seconds;
}
// Plugins observe seconds or bytes: four to a decade would say more than anyone reads.
const boundaries& handler_buckets() {
  static const boundaries values{0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1,   3,   10,  30,  100, 300,
                                 1e3,   3e3,   1e4,  3e4,  1e5, 3e5, 1e6, 3e6, 1e7, 1e8, 1e9};
  return values;
}

// A retry on time, by the target of 20 and 100 ms, and one that is hours late.
const boundaries& lag_buckets() {
  static const boundaries values{0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1'800, 3'600};
  return values;
}

double seconds_of(milliseconds duration) { return std::chrono::duration<double>(std::max(duration, milliseconds{0})).count(); }

// [a-zA-Z0-9_], so that what follows "waybill_" is a valid name whatever a plugin says.
std::string metric_name(std::string_view prefix, std::string_view name, std::string_view suffix = {}) {
  std::string out{prefix};
  for (const char c : name.substr(0, 100)) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    out += plain ? c : '_';
  }
  out += suffix;
  return out;
}

void add_counter(family_sum& sum, const std::string& name, const std::string& help, const label_list& labels,
                 const std::unique_ptr<prometheus::Counter>& counter) {
  if (counter) sum.add(name, help, prometheus::MetricType::Counter, labels, counter->Collect());
}
void add_histogram(family_sum& sum, const std::string& name, const std::string& help, const label_list& labels,
                   const std::unique_ptr<prometheus::Histogram>& histogram) {
  if (histogram) sum.add(name, help, prometheus::MetricType::Histogram, labels, histogram->Collect());
}

}  // namespace

template <class Map>
auto& metrics_shard::series_of(Map& map, std::string_view name) {
  if (auto* found = map.find(name)) return *found;
  const std::lock_guard lock{shape_};
  return map.add(name);
}

void metrics_shard::increment(counter_ptr& counter, double by) {
  if (!counter) {
    const std::lock_guard lock{shape_};
    counter = std::make_unique<prometheus::Counter>();
  }
  counter->Increment(by);
}

void metrics_shard::observe(histogram_ptr& histogram, const boundaries& buckets, double value) {
  if (!histogram) {
    const std::lock_guard lock{shape_};
    histogram = std::make_unique<prometheus::Histogram>(buckets);
  }
  histogram->Observe(value);
}

void metrics_shard::accepted(std::uint64_t tasks) {
  deliveries_.Increment();
  tasks_.Increment(static_cast<double>(tasks));
}

void metrics_shard::attempt(const std::string& type, attempt_action action, failure_category category, milliseconds duration) {
  const auto row = std::min(static_cast<std::size_t>(action) - 1, actions - 1);
  const auto column = std::min(static_cast<std::size_t>(category) - 1, categories - 1);
  auto& series = series_of(types_, type);
  increment(series.attempts[row][column]);
  observe(series.attempt_seconds, attempt_buckets(), seconds_of(duration));
}

void metrics_shard::task_finished(const std::string& type, task_status status, milliseconds since_accepted) {
  auto& series = series_of(types_, type);
  increment(series.finished[std::min(static_cast<std::size_t>(status) - 1, statuses - 1)]);
  observe(series.task_seconds, task_buckets(), seconds_of(since_accepted));
}

void metrics_shard::retry_started(milliseconds late_by) { observe(retry_lag_, lag_buckets(), seconds_of(late_by)); }

metrics_shard::counter_ptr& metrics_shard::counter_of(route_series& series, int status) {
  for (auto& entry : series.by_status)
    if (entry.first == status) return entry.second;
  const std::lock_guard lock{shape_};
  return series.by_status.emplace_back(status, nullptr).second;
}

void metrics_shard::http_request(std::string_view route, int status, milliseconds duration) {
  auto& series = series_of(routes_, route);
  increment(counter_of(series, std::clamp(status, 100, 599)));
  observe(series.seconds, http_buckets(), seconds_of(duration));
}

void metrics_shard::security_event(std::string_view kind) { increment(series_of(security_events_, kind)); }

void metrics_shard::handler_add(const std::string& type, std::string_view name, double value) {
  // A counter only grows; prometheus-cpp ignores less than zero, and NaN would stay for ever.
  if (!(value >= 0)) return;
  increment(series_of(series_of(types_, type).handler_counters, name), value);
}

void metrics_shard::handler_observe(const std::string& type, std::string_view name, double value) {
  if (value != value) return;  // NaN
  observe(series_of(series_of(types_, type).handler_histograms, name), handler_buckets(), value);
}

void metrics_shard::count(std::string_view name, std::string_view help, std::uint64_t by) {
  auto& series = series_of(rare_, name);
  if (series.help.empty()) {
    const std::lock_guard lock{shape_};
    series.help = help;
  }
  increment(series.value, static_cast<double>(by));
}

void metrics_shard::add_type(family_sum& sum, const std::string& type, const type_series& series) {
  for (std::size_t row = 0; row < actions; ++row) {
    for (std::size_t column = 0; column < categories; ++column) {
      const label_list labels{{"type", type},
                              {"outcome", std::string{to_string(static_cast<attempt_action>(row + 1))}},
                              {"category", std::string{to_string(static_cast<failure_category>(column + 1))}}};
      add_counter(sum, "waybill_attempts_total", "Attempts by outcome.", labels, series.attempts[row][column]);
    }
  }
  for (std::size_t i = 0; i < statuses; ++i) {
    const label_list labels{{"type", type}, {"status", std::string{to_string(static_cast<task_status>(i + 1))}}};
    add_counter(sum, "waybill_tasks_finished_total", "Tasks that left the queue.", labels, series.finished[i]);
  }
  const label_list labels{{"type", type}};
  add_histogram(sum, "waybill_attempt_duration_seconds", "Time one attempt took.", labels, series.attempt_seconds);
  add_histogram(sum, "waybill_task_duration_seconds", "Time from acceptance to the end of a task.", labels,
                series.task_seconds);
  series.handler_counters.for_each([&](const std::string& name, const counter_ptr& counter) {
    add_counter(sum, metric_name("waybill_handler_", name), "Reported by the plugin.", labels, counter);
  });
  series.handler_histograms.for_each([&](const std::string& name, const histogram_ptr& histogram) {
    add_histogram(sum, metric_name("waybill_handler_", name), "Reported by the plugin.", labels, histogram);
  });
}

void metrics_shard::add_route(family_sum& sum, const std::string& route, const route_series& series) {
  for (const auto& [status, counter] : series.by_status) {
    const label_list labels{{"route", route}, {"status", std::to_string(status)}};
    add_counter(sum, "waybill_http_requests_total", "Requests answered.", labels, counter);
  }
  add_histogram(sum, "waybill_http_request_duration_seconds", "Time to answer a request.", {{"route", route}}, series.seconds);
}

void metrics_shard::add_to(family_sum& sum) const {
  const std::lock_guard lock{shape_};
  constexpr auto counter = prometheus::MetricType::Counter;
  sum.add("waybill_deliveries_accepted_total", "Deliveries accepted.", counter, {}, deliveries_.Collect());
  sum.add("waybill_tasks_accepted_total", "Tasks of the deliveries accepted.", counter, {}, tasks_.Collect());
  add_histogram(sum, "waybill_retry_lag_seconds", "From when a retry was due to when it began.", {}, retry_lag_);
  types_.for_each([&](const std::string& type, const type_series& series) { add_type(sum, type, series); });
  routes_.for_each([&](const std::string& route, const route_series& series) { add_route(sum, route, series); });
  security_events_.for_each([&](const std::string& kind, const counter_ptr& value) {
    add_counter(sum, "waybill_security_events_total", "Security events by kind.", {{"kind", kind}}, value);
  });
  rare_.for_each([&](const std::string& name, const rare_series& series) {
    add_counter(sum, metric_name("waybill_", name, "_total"), series.help, {}, series.value);
  });
}

}  // namespace waybill::core
