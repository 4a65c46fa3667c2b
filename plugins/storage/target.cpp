// SPDX-License-Identifier: Apache-2.0
#include "target.hpp"

#include <algorithm>
#include <utility>

#include "client_environment.hpp"

namespace waybill::storage {
namespace {

[[nodiscard]] std::shared_ptr<store_client> client_of(const config& settings, const std::shared_ptr<sdk::host_gate>& host) {
  return make_client(settings.provider, {host, settings.connection, std::make_shared<upload_ledger>(host), settings.retention});
}

}  // namespace

target::target(config from, sdk::handler_context context)
    : settings(std::move(from)),
      host(std::make_shared<sdk::host_gate>(context)),
      client(client_of(settings, host)),
      housekeeping(std::make_shared<upkeep>(settings, host, client)) {}

call_ptr target::begin(const std::vector<wb_token>& tokens, std::int64_t deadline_ms) {
  const auto left = std::chrono::milliseconds{std::max<std::int64_t>(deadline_ms - sdk::monotonic_ms(), 0)};
  const auto deadline = deadline_ms == 0 ? call::clock::time_point::max() : call::clock::now() + left;
  auto by = std::make_shared<call>(deadline, settings.connection.timeout);
  const auto wanted = std::make_shared<std::size_t>(tokens.size());
  const std::lock_guard lock{mutex_};
  for (const auto token : tokens) under_way_.insert_or_assign(token, work{by, wanted});
  return by;
}

void target::end(wb_token token) {
  const std::lock_guard lock{mutex_};
  under_way_.erase(token);
}

void target::cancel(wb_token token) {
  call_ptr by;
  bool resumes = false;
  {
    const std::lock_guard lock{mutex_};
    const auto found = under_way_.find(token);
    if (found == under_way_.end() || std::exchange(found->second.canceled, true)) return;
    if (--*found->second.wanted > 0) return;
    by = found->second.by;
    resumes = draining_;
  }
  if (resumes)
    by->suspend();
  else
    by->cancel();
}

std::shared_ptr<void> target::presence() {
  const std::lock_guard lock{mutex_};
  ++present_;
  return std::shared_ptr<void>{nullptr, [self = shared_from_this()](void*) { self->leave(); }};
}

void target::leave() {
  const std::lock_guard lock{mutex_};
  if (--present_ == 0) idle_.notify_all();
}

void target::drain(std::chrono::milliseconds limit) {
  housekeeping->stop();
  std::unique_lock lock{mutex_};
  draining_ = true;
  idle_.wait_for(lock, limit, [this] { return present_ == 0; });
}

}  // namespace waybill::storage
