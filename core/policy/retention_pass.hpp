// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/model/retention.hpp"
#include "core/store/retention_store.hpp"

namespace waybill::core {

/// One walk of retention over everything a node keeps: which organization, which stage and which deliveries are next, how
/// many go in one transaction, and how long to rest in between. Decides only: whoever drives it reads the candidates, hands
/// them to the store and tells what came of it. What has been done is durable in the store, so a pass may end at any time.
///
/// A transaction is to hold the writer for some milliseconds: what a batch took decides how many deliveries the next one has.
class retention_pass {
public:
  struct plan {
    organization_id organization;
    retention_settings keep;
  };

  retention_pass(std::vector<plan> plans, utc_time now);

  /// What to read candidates of next; nothing when the pass has ended.
  [[nodiscard]] const retention_range* range() const;
  [[nodiscard]] std::uint32_t page_size() const;
  void on_candidates(retention_candidates found);

  /// What to hand to the store next; empty: read candidates.
  [[nodiscard]] std::vector<delivery_id> batch() const;
  void on_step(const retention_step& step, milliseconds took);
  /// How long the writer is left to the others after that.
  [[nodiscard]] milliseconds rest() const { return rest_; }

private:
  void next_walk();
  void skip_what_is_kept_for_ever();
  [[nodiscard]] std::uint32_t days() const;

  std::vector<plan> plans_;
  utc_time now_;
  std::size_t at_ = 0;  ///< of plans_
  retention_range range_;
  std::vector<delivery_id> pending_;
  bool more_ = false;
  std::size_t batch_size_;
  milliseconds rest_{0};
};

}  // namespace waybill::core
