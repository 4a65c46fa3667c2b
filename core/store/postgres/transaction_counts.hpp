// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace waybill::core::postgres {

/// What the open transaction adds to the durable counters; written once, with the commit. The numbers at the last savepoint
/// are kept, because what comes after it may be undone.
class transaction_counts {
public:
  struct sums {
    std::int64_t accepted = 0;
    std::int64_t delivered = 0;
    std::int64_t failed = 0;
    std::int64_t cancelled = 0;
  };

  sums now;

  void begin() { now = marked_ = {}; }
  void mark() { marked_ = now; }
  void back_to_mark() { now = marked_; }

private:
  sums marked_;
};

}  // namespace waybill::core::postgres
