// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "core/model/time.hpp"

namespace waybill::api {

class exchange;

/// The requests of one lane that wait for the service, in the order they came, which is the order of their deadlines. Keeps
/// each alive until it is answered, so that a reply that is never called still ends in an answer. The lane's thread only.
class pending_requests {
public:
  void add(std::shared_ptr<exchange> x);
  void remove(exchange& x);
  /// Answers 504 to all that have waited since before `started_before`.
  void expire(core::mono_time started_before);
  /// Answers 503 SHUTTING_DOWN to all.
  void abandon();
  [[nodiscard]] bool empty() const { return first_ == nullptr; }

private:
  exchange* first_ = nullptr;
  exchange* last_ = nullptr;
};

}  // namespace waybill::api
