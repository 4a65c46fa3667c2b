// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/model/delivery.hpp"

namespace waybill::core {

/// What a batch says of its destination: one call, so one verdict for the breaker, whatever became of each task. A task that
/// was delivered shows a destination that works; without one, any failure that is the destination's counts, once.
class batch_verdict {
public:
  void add(attempt_action action, failure_category category) {
    if (weight(action, category) <= weight(action_, category_)) return;
    action_ = action;
    category_ = category;
  }
  /// `canceled` if nothing was added.
  [[nodiscard]] attempt_action action() const { return action_; }
  [[nodiscard]] failure_category category() const { return category_; }

private:
  static int weight(attempt_action action, failure_category category) {
    switch (action) {
      case attempt_action::delivered:
        return 4;
      case attempt_action::retry:
      case attempt_action::reject:
        return category == failure_category::validation ? 1 : 3;  // content it will not have says nothing of it
      case attempt_action::throttled:
        return 2;
      case attempt_action::canceled:
        break;
    }
    return 0;
  }

  attempt_action action_ = attempt_action::canceled;
  failure_category category_ = failure_category::none;
};

}  // namespace waybill::core
