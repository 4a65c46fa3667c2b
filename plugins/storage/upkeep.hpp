// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include <waybill/host_gate.hpp>

#include "call.hpp"
#include "config.hpp"
#include "store_client.hpp"
#include "sweep.hpp"

namespace waybill::storage {

/// Between one upkeep of a destination and the next.
inline constexpr std::int64_t upkeep_interval_ms = std::int64_t{6} * 3'600'000;
/// An upload that was begun this long ago and not ended is given up.
inline constexpr std::int64_t upload_patience_ms = std::int64_t{24} * 3'600'000;

/// What a destination does in the background, at most once in upkeep_interval_ms, beside its deliveries: gives up uploads that
/// nobody came back to, and with `autoCleanup` deletes what is older than `days`. When it last did is in the host's store, so a
/// restart repeats nothing. Thread-safe.
class upkeep : public std::enable_shared_from_this<upkeep> {
public:
  upkeep(const config& settings, std::shared_ptr<sdk::host_gate> host, std::shared_ptr<store_client> client);

  /// A delivery of this destination has ended: begins the work if it is time. Costs a comparison if not.
  void tick(std::string_view organization_id, std::string_view destination_id, std::int64_t now_ms);
  /// Ends what is under way; nothing begins any more.
  void stop();

private:
  void look(const std::string& organization, const std::string& destination, std::int64_t now_ms);
  void begin(const std::string& organization, const std::string& destination, std::int64_t now_ms);
  void clean(const std::string& organization, const std::string& destination, std::int64_t now_ms);
  void ended(const sweep_report& report, std::int64_t now_ms);

  const text_template key_;
  const text_template batch_key_;
  const retention_settings retention_;
  const std::shared_ptr<sdk::host_gate> host_;
  const std::shared_ptr<store_client> client_;
  std::atomic<std::int64_t> next_ms_{0};  ///< not before
  std::mutex mutex_;
  call_ptr under_way_;    ///< guarded
  bool stopped_ = false;  ///< guarded
};

}  // namespace waybill::storage
