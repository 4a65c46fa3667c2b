// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "core/policy/rate_limiter.hpp"

namespace waybill::core {

/// The pace of a job that works in portions: a token bucket that gives its tokens some tenth of a second's worth at a time, so
/// that a fast job has few transactions and a slow one no bursts. Takes `now`; not thread-safe.
class job_pace {
public:
  /// `per_second` of at least 1; `most`: the largest portion.
  job_pace(std::uint32_t per_second, std::uint32_t most);

  /// How many may go now, none until a portion is worth it. Nothing is taken.
  [[nodiscard]] std::uint32_t granted(mono_time now);
  void take(std::uint32_t items, mono_time now);
  /// Until `granted` gives some.
  [[nodiscard]] milliseconds wait(mono_time now);
  /// From now on; what was saved up under the old pace is forgotten.
  void change(std::uint32_t per_second);
  [[nodiscard]] std::uint32_t per_second() const { return per_second_; }

private:
  [[nodiscard]] std::uint32_t portion() const;

  std::uint32_t per_second_;
  std::uint32_t most_;
  token_bucket tokens_;
};

}  // namespace waybill::core
