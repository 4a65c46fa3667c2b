// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <unordered_map>

#include "core/model/id.hpp"
#include "core/model/time.hpp"

namespace waybill::core {

/// How late retries start, after their time had come, for the node and for each organization: the last few hundred, as far as
/// they are not older than five minutes. Only retries go through here, never a first attempt. Thread-safe.
class retry_lag {
public:
  struct summary {
    std::uint32_t retries = 0;  ///< looked at; without any the others are 0
    milliseconds p50{0};
    milliseconds p99{0};
    milliseconds longest{0};
  };

  void started(organization_id org, milliseconds late_by, mono_time now);
  [[nodiscard]] summary whole(mono_time now) const;
  [[nodiscard]] summary of(organization_id org, mono_time now) const;

private:
  static constexpr std::size_t kept = 256;
  struct ring {
    std::array<std::pair<mono_time, milliseconds>, kept> entries;
    std::size_t next = 0;
    std::size_t size = 0;

    void add(mono_time now, milliseconds late_by);
    [[nodiscard]] summary sum_up(mono_time now) const;
  };

  void forget_quiet(mono_time now);

  mutable std::mutex mutex_;
  ring all_;
  std::unordered_map<organization_id, ring> organizations_;
  mono_time forget_at_{};
};

}  // namespace waybill::core
