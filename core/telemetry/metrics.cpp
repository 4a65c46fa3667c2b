// SPDX-License-Identifier: Apache-2.0
#include "core/telemetry/metrics.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>

#include "core/telemetry/log.hpp"
#include "core/telemetry/metrics_shard.hpp"

#include <prometheus/text_serializer.h>

namespace waybill::core {
namespace {

using shard_ptr = std::shared_ptr<metrics_shard>;  // owned by metrics, and by the thread that holds it

/// The shards one thread holds, one per living metrics object; gives them back when the thread ends.
class held_shards {
public:
  ~held_shards() {
    for (auto& entry : entries_) entry.second->held.store(false, std::memory_order_release);
  }
  [[nodiscard]] metrics_shard* find(std::uint64_t owner) const {
    for (const auto& entry : entries_)
      if (entry.first == owner) return entry.second.get();
    return nullptr;
  }
  metrics_shard& add(std::uint64_t owner, shard_ptr shard) {
    const auto orphaned = [](const auto& entry) { return entry.second.use_count() == 1; };
    entries_.erase(std::remove_if(entries_.begin(), entries_.end(), orphaned), entries_.end());
    return *entries_.emplace_back(owner, std::move(shard)).second;
  }

private:
  std::vector<std::pair<std::uint64_t, shard_ptr>> entries_;  ///< nearly always one
};
thread_local held_shards shards_of_this_thread;

std::uint64_t next_owner() {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

void add_sample(family_sum& sum, const metrics::sample& sample) {
  prometheus::ClientMetric value;
  (sample.counter ? value.counter.value : value.gauge.value) = sample.value;
  const auto type = sample.counter ? prometheus::MetricType::Counter : prometheus::MetricType::Gauge;
  sum.add(sample.name, sample.help, type, sample.labels, value);
}

}  // namespace

struct metrics::state {
  const std::uint64_t owner = next_owner();  ///< never given out twice in a process, unlike an address
  std::mutex mutex;                          ///< of the two lists; never taken by a thread that has its shard
  std::vector<shard_ptr> shards;
  std::vector<collector> collectors;

  metrics_shard& shard() {
    auto* held = shards_of_this_thread.find(owner);
    return held ? *held : take_shard();
  }

  metrics_shard& take_shard() {
    const std::lock_guard lock{mutex};
    for (auto& shard : shards)
      if (!shard->held.exchange(true, std::memory_order_acq_rel)) return shards_of_this_thread.add(owner, shard);
    shards.push_back(std::make_shared<metrics_shard>());
    return shards_of_this_thread.add(owner, shards.back());
  }
};

metrics::metrics() : state_(std::make_unique<state>()) {}
metrics::~metrics() = default;

void metrics::accepted(std::uint64_t tasks) { state_->shard().accepted(tasks); }
void metrics::attempt(const std::string& type, attempt_action action, failure_category category, milliseconds duration) {
  state_->shard().attempt(type, action, category, duration);
}
void metrics::task_finished(const std::string& type, task_status status, milliseconds since_accepted) {
  state_->shard().task_finished(type, status, since_accepted);
}
void metrics::retry_started(milliseconds late_by) { state_->shard().retry_started(late_by); }
void metrics::http_request(std::string_view route, int status, milliseconds duration) {
  state_->shard().http_request(route, status, duration);
}
void metrics::security_event(std::string_view kind) { state_->shard().security_event(kind); }
void metrics::handler_add(const std::string& type, std::string_view name, double value) {
  state_->shard().handler_add(type, name, value);
}
void metrics::handler_observe(const std::string& type, std::string_view name, double value) {
  state_->shard().handler_observe(type, name, value);
}
void metrics::count(std::string_view name, std::string_view help, std::uint64_t by) { state_->shard().count(name, help, by); }

void metrics::add_collector(collector c) {
  const std::lock_guard lock{state_->mutex};
  state_->collectors.push_back(std::move(c));
}

std::string metrics::render() const {
  std::vector<shard_ptr> shards;
  std::vector<collector> collectors;
  {
    const std::lock_guard lock{state_->mutex};
    shards = state_->shards;
    collectors = state_->collectors;
  }
  family_sum sum;
  // So that both counters are on the page of a node that has done nothing yet.
  metrics_shard{}.add_to(sum);
  for (const auto& shard : shards) shard->add_to(sum);
  for (const auto& collect : collectors) {
    try {
      for (const auto& value : collect()) add_sample(sum, value);
    } catch (const std::exception& e) {
      log(log_level::error, "metrics.collector_failed", "A part of the metrics is missing.", {{"reason", e.what()}});
    }
  }
  return prometheus::TextSerializer{}.Serialize(sum.take());
}

}  // namespace waybill::core
