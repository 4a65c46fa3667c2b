// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mutex>
#include <optional>
#include <utility>

#include "tests/api/fake_service.hpp"

namespace waybill::tests {

template <class Write>
void fake_service::note(const char* name, const core::caller& who, Write write) {
  if (!recording_) return;
  std::lock_guard lock{mutex_};
  calls_.emplace_back(name);
  caller_ = who;
  write();
}

template <class T>
void fake_service::give(core::reply<T> reply, core::result<T> value) {
  {
    std::lock_guard lock{mutex_};
    if (failure_) value = core::fail(*std::exchange(failure_, std::nullopt));
  }
  later([reply = std::move(reply), value = std::move(value)]() mutable { reply(std::move(value)); });
}

}  // namespace waybill::tests
