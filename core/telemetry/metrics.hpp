// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/model/delivery.hpp"

namespace waybill::core {

/// The numbers of a node, in Prometheus' text form, by prometheus-cpp. Hot calls cost a hash look-up at most and no lock
/// shared by all threads; label sets are looked up once and cached. Thread-safe.
class metrics {
public:
  /// One value read at scrape time.
  struct sample {
    std::string name;
    std::string help;
    std::vector<std::pair<std::string, std::string>> labels;
    double value = 0;
    bool counter = false;  ///< gauge otherwise
  };
  using collector = std::function<std::vector<sample>()>;

  metrics();
  ~metrics();
  metrics(const metrics&) = delete;
  metrics& operator=(const metrics&) = delete;

  /// waybill_deliveries_accepted_total, waybill_tasks_accepted_total
  void accepted(std::uint64_t tasks);
  /// waybill_attempts_total{type,outcome,category}, waybill_attempt_duration_seconds{type}
  void attempt(const std::string& type, attempt_action action, failure_category category, milliseconds duration);
  /// waybill_tasks_finished_total{type,status}, waybill_task_duration_seconds{type} from acceptance on
  void task_finished(const std::string& type, task_status status, milliseconds since_accepted);
  /// waybill_retry_lag_seconds: from when a retry was due to when it began
  void retry_started(milliseconds late_by);
  /// waybill_http_requests_total{route,status}, waybill_http_request_duration_seconds{route}
  void http_request(std::string_view route, int status, milliseconds duration);
  /// waybill_security_events_total{kind}
  void security_event(std::string_view kind);
  /// waybill_handler_<name>{type}: what plugins report
  void handler_add(const std::string& type, std::string_view name, double value);
  void handler_observe(const std::string& type, std::string_view name, double value);
  /// waybill_<name>_total: anything rare (actor restarts, destinations disabled, …)
  void count(std::string_view name, std::string_view help, std::uint64_t by = 1);

  /// Asked at every scrape, on the scraping thread. Must not block for long.
  void add_collector(collector c);
  /// The whole page, `text/plain; version=0.0.4`.
  [[nodiscard]] std::string render() const;

private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace waybill::core
