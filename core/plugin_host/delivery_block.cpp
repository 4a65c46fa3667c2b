// SPDX-License-Identifier: Apache-2.0
#include "core/plugin_host/delivery_block.hpp"

#include <algorithm>
#include <cstring>

#include "core/plugin_host/foreign_text.hpp"

namespace waybill::core {
namespace {

std::atomic<std::uint64_t> blocks_alive{0};

/// "tsk_" and 26 characters of base32, four times.
constexpr std::size_t all_ids_bytes = std::size_t{4} * 30;

}  // namespace

delivery_block::delivery_block(const queued_task& what, std::uint32_t attempt_number, std::int64_t deadline,
                               std::string_view destination, content_access access,
                               const std::shared_ptr<handler_services>& services)
    : wb_delivery{}, content_(what.content) {
  if (!content_->in_memory()) services_ = services;
  ids_.reserve(all_ids_bytes);
  const auto append = [this](std::string_view id) {
    const auto at = ids_.size();
    ids_ += id;
    return at;
  };
  const auto task_at = append(what.state.id.to_string());
  const auto delivery_at = append(what.state.delivery.to_string());
  const auto organization_at = append(what.state.organization.to_string());
  const auto destination_at = append(destination);
  // Views only now: appending may have moved the text.
  const std::string_view all{ids_};
  struct_size = sizeof(wb_delivery);
  attempt = attempt_number;
  task_id = view_of(all.substr(task_at, delivery_at - task_at));
  delivery_id = view_of(all.substr(delivery_at, organization_at - delivery_at));
  organization_id = view_of(all.substr(organization_at, destination_at - organization_at));
  destination_id = view_of(all.substr(destination_at));
  idempotency_key = task_id;  // the same for every attempt of a task, and of no other

  const auto& d = *content_;
  correlation_id = view_of(d.correlation_id);
  traceparent = view_of(d.traceparent);
  payload_type = view_of(d.payload_type);
  content_type = view_of(d.content_type);
  filename = view_of(d.filename);
  metadata = view_of(d.metadata);
  size = d.content_size();
  std::memcpy(sha256, d.sha256.data(), sizeof sha256);
  created_at_ms = to_unix_ms(d.created_at);
  deadline_ms = deadline;
  if (access == content_access::in_memory && d.in_memory()) data = reinterpret_cast<const std::uint8_t*>(d.content.data());
  blocks_alive.fetch_add(1, std::memory_order_relaxed);
}

delivery_block::~delivery_block() { blocks_alive.fetch_sub(1, std::memory_order_relaxed); }

delivery_block::held delivery_block::make(const queued_task& what, std::uint32_t attempt_number, std::int64_t deadline,
                                          std::string_view destination, content_access access,
                                          const std::shared_ptr<handler_services>& services) {
  return held{new delivery_block{what, attempt_number, deadline, destination, access, services}};
}

result<std::size_t> delivery_block::read(std::uint64_t offset, std::uint8_t* buffer, std::size_t room) const {
  if (services_) return services_->read_payload(*content_, offset, buffer, room);
  const auto& all = content_->content;
  const auto from = static_cast<std::size_t>(std::min<std::uint64_t>(offset, all.size()));
  const auto amount = std::min(room, all.size() - from);
  if (amount > 0) std::memcpy(buffer, all.data() + from, amount);
  return amount;
}

void delivery_block::drop(std::uint64_t hold) const {
  if (holds_.fetch_sub(hold, std::memory_order_acq_rel) == hold) delete this;
}

bool delivery_block::release() const {
  auto now = holds_.load(std::memory_order_relaxed);
  do {
    if (now % host_hold == 0) return false;
  } while (!holds_.compare_exchange_weak(now, now - 1, std::memory_order_acq_rel, std::memory_order_relaxed));
  if (now == 1) delete this;
  return true;
}

std::uint64_t delivery_block::alive() { return blocks_alive.load(std::memory_order_relaxed); }

}  // namespace waybill::core
