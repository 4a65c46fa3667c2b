// SPDX-License-Identifier: Apache-2.0
#include "api/connection_gate.hpp"

namespace waybill::api {

connection_permit connection_gate::acquire(std::function<void()> when_room) {
  std::lock_guard lock{mutex_};
  if (count_ >= most_) {
    when_room_ = std::move(when_room);
    return connection_permit{};
  }
  ++count_;
  return connection_permit{shared_from_this()};
}

std::uint32_t connection_gate::count() const {
  std::lock_guard lock{mutex_};
  return count_;
}

void connection_gate::close() {
  std::lock_guard lock{mutex_};
  when_room_ = nullptr;
}

void connection_gate::release() {
  std::lock_guard lock{mutex_};
  --count_;
  if (const auto wake = std::exchange(when_room_, nullptr)) wake();
}

}  // namespace waybill::api
