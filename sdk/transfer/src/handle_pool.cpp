// SPDX-License-Identifier: Apache-2.0
#include "handle_pool.hpp"

#include <algorithm>
#include <utility>

namespace waybill::transfer {

handle_pool::handle_pool(socket_owner& sockets, std::size_t max_idle) : sockets_(sockets), max_idle_(max_idle) {
  idle_.reserve(max_idle + 1);
}

std::unique_ptr<live_exchange> handle_pool::take(std::uint64_t endpoint_id) {
  const auto match = std::find_if(idle_.rbegin(), idle_.rend(), [&](const entry& e) { return e.endpoint_id == endpoint_id; });
  auto at = idle_.end();
  if (match != idle_.rend())
    at = match.base() - 1;
  else if (!idle_.empty() && idle_.size() >= max_idle_)
    at = idle_.begin();
  if (at == idle_.end()) return std::make_unique<live_exchange>(sockets_);
  auto live = std::move(at->live);
  idle_.erase(at);
  return live;
}

void handle_pool::give_back(std::unique_ptr<live_exchange> idle, time_point now) {
  const auto id = idle->endpoint_id();
  idle_.push_back({id, now, std::move(idle)});
  if (idle_.size() > max_idle_) idle_.erase(idle_.begin());
}

void handle_pool::forget_idle_since(time_point then) {
  const auto kept = std::find_if(idle_.begin(), idle_.end(), [&](const entry& e) { return e.since >= then; });
  idle_.erase(idle_.begin(), kept);
}

}  // namespace waybill::transfer
