// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/model/delivery.hpp"
#include "core/telemetry/series.hpp"

#include <prometheus/counter.h>
#include <prometheus/histogram.h>

namespace waybill::core {

/// What one thread counted, kept when the thread ends and handed on to the next that comes. Made and owned by metrics.
/// Invariants: (1) only the thread that holds the shard calls the counting functions, so it looks things up without a lock;
/// (2) whatever changes the shape (a new series) is done under the shard's own mutex, which only a scrape ever waits for;
/// (3) the values are prometheus-cpp's own thread-safe counters and histograms, touched by one writer and the scrape.
class metrics_shard {
public:
  void accepted(std::uint64_t tasks);
  void attempt(const std::string& type, attempt_action action, failure_category category, milliseconds duration);
  void task_finished(const std::string& type, task_status status, milliseconds since_accepted);
  void retry_started(milliseconds late_by);
  void http_request(std::string_view route, int status, milliseconds duration);
  void security_event(std::string_view kind);
  void handler_add(const std::string& type, std::string_view name, double value);
  void handler_observe(const std::string& type, std::string_view name, double value);
  void count(std::string_view name, std::string_view help, std::uint64_t by);

  /// On the scraping thread.
  void add_to(family_sum& sum) const;

  std::atomic<bool> held{true};  ///< by a living thread

private:
  using counter_ptr = std::unique_ptr<prometheus::Counter>;
  using histogram_ptr = std::unique_ptr<prometheus::Histogram>;
  static constexpr std::size_t actions = 5, categories = 9, statuses = 6;

  /// Everything of one destination type. A hole is a series not yet seen.
  struct type_series {
    std::array<std::array<counter_ptr, categories>, actions> attempts;
    histogram_ptr attempt_seconds;
    std::array<counter_ptr, statuses> finished;
    histogram_ptr task_seconds;
    series_map<counter_ptr, 200> handler_counters;
    series_map<histogram_ptr, 200> handler_histograms;
  };
  struct route_series {
    std::vector<std::pair<int, counter_ptr>> by_status;  ///< a handful: searched from the front
    histogram_ptr seconds;
  };
  struct rare_series {
    std::string help;
    counter_ptr value;
  };

  template <class Map>
  auto& series_of(Map& map, std::string_view name);
  counter_ptr& counter_of(route_series& series, int status);
  void increment(counter_ptr& counter, double by = 1);
  void observe(histogram_ptr& histogram, const prometheus::Histogram::BucketBoundaries& buckets, double value);
  static void add_type(family_sum& sum, const std::string& type, const type_series& series);
  static void add_route(family_sum& sum, const std::string& route, const route_series& series);

  mutable std::mutex shape_;  ///< by (2)
  prometheus::Counter deliveries_;
  prometheus::Counter tasks_;
  histogram_ptr retry_lag_;
  series_map<type_series, 100> types_;
  series_map<route_series, 300> routes_;
  series_map<counter_ptr, 100> security_events_;
  series_map<rare_series, 300> rare_;
};

}  // namespace waybill::core
