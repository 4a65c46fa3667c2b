// SPDX-License-Identifier: Apache-2.0
#include "core/links/public_address.hpp"

#include <utility>

namespace waybill::core {

void public_address::set(std::string url) {
  while (!url.empty() && url.back() == '/') url.pop_back();
  {
    const std::lock_guard lock{mutex_};
    url_ = std::move(url);
  }
  known_.notify_all();
}

result<std::string> public_address::wait(milliseconds most) const {
  std::unique_lock lock{mutex_};
  if (!known_.wait_for(lock, most, [this] { return !url_.empty(); }))
    return fail(error_code::shutting_down, "the node does not know its address yet");
  return url_;
}

std::string public_address::get() const {
  const std::lock_guard lock{mutex_};
  return url_;
}

}  // namespace waybill::core
