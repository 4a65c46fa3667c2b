// SPDX-License-Identifier: Apache-2.0
#include "upkeep.hpp"

#include <charconv>
#include <utility>
#include <vector>

#include "delivery_values.hpp"

namespace waybill::storage {
namespace {

constexpr std::string_view state_key = "storage.upkeep";
constexpr std::int64_t day_ms = 86'400'000;
constexpr std::chrono::seconds request_limit{60};
constexpr std::chrono::hours whole_limit{6};
// After a failure.
constexpr std::int64_t retried_after_ms = 15 * 60'000;

}  // namespace

upkeep::upkeep(const config& settings, std::shared_ptr<sdk::host_gate> host, std::shared_ptr<store_client> client)
    : key_(settings.key),
      batch_key_(settings.batch_key),
      retention_(settings.retention),
      host_(std::move(host)),
      client_(std::move(client)) {}

void upkeep::tick(std::string_view organization_id, std::string_view destination_id, std::int64_t now_ms) {
  auto next = next_ms_.load(std::memory_order_relaxed);
  if (now_ms < next || !next_ms_.compare_exchange_strong(next, now_ms + upkeep_interval_ms)) return;
  plugin_reactor().offload([self = shared_from_this(), organization = std::string{organization_id},
                            destination = std::string{destination_id},
                            now_ms] { self->look(organization, destination, now_ms); });
}

void upkeep::look(const std::string& organization, const std::string& destination, std::int64_t now_ms) {
  std::string text;
  std::int64_t last = 0;
  if (host_->state_get(state_key, text) == WB_OK) std::from_chars(text.data(), text.data() + text.size(), last);
  if (last + upkeep_interval_ms > now_ms && last <= now_ms) {
    next_ms_ = last + upkeep_interval_ms;
    return;
  }
  begin(organization, destination, now_ms);
}

void upkeep::begin(const std::string& organization, const std::string& destination, std::int64_t now_ms) {
  call_ptr by;
  {
    const std::lock_guard lock{mutex_};
    if (stopped_) return;
    by = under_way_ = std::make_shared<call>(call::clock::now() + whole_limit, request_limit);
  }
  client_->abandon_uploads(by, now_ms - upload_patience_ms,
                           [self = shared_from_this(), organization, destination, now_ms](const sdk::result& r) {
                             if (r.what == sdk::action::canceled) return;
                             if (r.what != sdk::action::delivered)
                               self->host_->log(sdk::log_level::warning, "interrupted uploads could not be ended: " + r.detail);
                             self->clean(organization, destination, now_ms);
                           });
}

void upkeep::clean(const std::string& organization, const std::string& destination, std::int64_t now_ms) {
  if (!retention_.auto_cleanup || retention_.days <= 0) return ended({}, now_ms);
  destination_values known;
  known.organization_id = organization;
  known.destination_id = destination;
  std::vector<std::string> prefixes{key_.path_prefix(known)};
  const auto of_batches = batch_key_.path_prefix(known);
  const bool covered = of_batches.rfind(prefixes.front(), 0) == 0;
  if (!covered && prefixes.front().rfind(of_batches, 0) == 0)
    prefixes.front() = of_batches;
  else if (!covered)
    prefixes.push_back(of_batches);
  call_ptr by;
  {
    const std::lock_guard lock{mutex_};
    by = under_way_;
  }
  sweep::start(client_, std::move(by), std::move(prefixes), destination, now_ms - retention_.days * day_ms,
               [self = shared_from_this(), now_ms](const sweep_report& report) { self->ended(report, now_ms); });
}

void upkeep::ended(const sweep_report& report, std::int64_t now_ms) {
  {
    const std::lock_guard lock{mutex_};
    under_way_.reset();
    if (stopped_ || report.result.what == sdk::action::canceled) return;
  }
  if (report.deleted > 0)
    host_->log(sdk::log_level::info, "retention: " + std::to_string(report.deleted) + " objects older than " +
                                         std::to_string(retention_.days) + " days were deleted");
  if (report.failed > 0)
    host_->log(sdk::log_level::warning, "retention: " + std::to_string(report.failed) +
                                            " objects could not be deleted, the last because " + report.failure);
  if (report.result.what != sdk::action::delivered) {
    host_->log(sdk::log_level::warning, "retention ended early: " + report.result.detail);
    next_ms_ = now_ms + retried_after_ms;
    return;
  }
  plugin_reactor().offload([host = host_, now_ms] {
    if (host->state_put(state_key, std::to_string(now_ms)) != WB_OK)
      host->log(sdk::log_level::warning, "the time of the last cleanup could not be stored; a restart will repeat it");
  });
}

void upkeep::stop() {
  const std::lock_guard lock{mutex_};
  stopped_ = true;
  if (under_way_) under_way_->cancel();
}

}  // namespace waybill::storage
