// SPDX-License-Identifier: Apache-2.0
#include "api/pending_requests.hpp"

#include <utility>

#include "api/exchange.hpp"
#include "api/problem.hpp"

namespace waybill::api {

void pending_requests::add(std::shared_ptr<exchange> x) {
  exchange& added = *x;
  added.previous_ = last_;
  (last_ ? last_->next_ : first_) = &added;
  last_ = &added;
  added.self_ = std::move(x);
}

void pending_requests::remove(exchange& x) {
  if (!x.self_) return;
  (x.previous_ ? x.previous_->next_ : first_) = x.next_;
  (x.next_ ? x.next_->previous_ : last_) = x.previous_;
  x.next_ = x.previous_ = nullptr;
  x.self_.reset();  // may end it: last
}

void pending_requests::expire(core::mono_time started_before) {
  while (first_ && first_->started() < started_before) {
    const auto kept = first_->self_;
    kept->answer(problem(504, "TIMEOUT",
                         "no answer in time; what was asked may still happen: ask for its state, or repeat it with the same "
                         "Idempotency-Key"));
  }
}

void pending_requests::abandon() {
  while (first_) {
    const auto kept = first_->self_;
    core::error error;
    error.code = core::error_code::shutting_down;
    error.message = "the node is stopping";
    kept->request.keep_alive = false;
    kept->answer(error);
  }
}

}  // namespace waybill::api
