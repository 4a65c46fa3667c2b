// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

#include <waybill/host.hpp>
#include <waybill/plugin.h>

namespace waybill::sdk {

/// One delivery as the host shows it: views only, valid until deliver returns. `retain` keeps it for longer.
class delivery {
public:
  explicit delivery(const wb_delivery* raw) noexcept : raw_(raw) {}

  [[nodiscard]] std::uint32_t attempt() const noexcept { return raw_->attempt; }  ///< 1 for the first
  [[nodiscard]] std::string_view task_id() const noexcept { return view(raw_->task_id); }
  [[nodiscard]] std::string_view delivery_id() const noexcept { return view(raw_->delivery_id); }
  [[nodiscard]] std::string_view organization_id() const noexcept { return view(raw_->organization_id); }
  [[nodiscard]] std::string_view destination_id() const noexcept { return view(raw_->destination_id); }
  [[nodiscard]] std::string_view idempotency_key() const noexcept { return view(raw_->idempotency_key); }
  [[nodiscard]] std::string_view correlation_id() const noexcept { return view(raw_->correlation_id); }
  [[nodiscard]] std::string_view traceparent() const noexcept { return view(raw_->traceparent); }
  [[nodiscard]] std::string_view payload_type() const noexcept { return view(raw_->payload_type); }
  [[nodiscard]] std::string_view content_type() const noexcept { return view(raw_->content_type); }
  [[nodiscard]] std::string_view filename() const noexcept { return view(raw_->filename); }
  [[nodiscard]] std::string_view metadata() const noexcept { return view(raw_->metadata); }  ///< a JSON object
  [[nodiscard]] std::uint64_t size() const noexcept { return raw_->size; }
  [[nodiscard]] const std::uint8_t* sha256() const noexcept { return raw_->sha256; }  ///< 32 bytes
  [[nodiscard]] std::int64_t created_at_ms() const noexcept { return raw_->created_at_ms; }
  [[nodiscard]] std::int64_t deadline_ms() const noexcept { return raw_->deadline_ms; }
  /// Is the content in memory? If not it comes through `read`.
  [[nodiscard]] bool in_memory() const noexcept { return raw_->data != nullptr || raw_->size == 0; }
  [[nodiscard]] std::string_view content() const noexcept {
    if (raw_->data == nullptr) return {};
    return {reinterpret_cast<const char*>(raw_->data), static_cast<std::size_t>(raw_->size)};
  }
  /// Copies content from `offset`; `size` is the room and then what was read, 0 at the end. WB_OK or WB_FAILED. Blocks for
  /// one read of the store.
  std::uint32_t read(std::uint64_t offset, std::uint8_t* buffer, std::uint64_t& size) const noexcept {
    return host_table.read == nullptr ? static_cast<std::uint32_t>(WB_FAILED) : host_table.read(raw_, offset, buffer, &size);
  }
  [[nodiscard]] const wb_delivery* raw() const noexcept { return raw_; }

protected:
  const wb_delivery* raw_;
};

/// A delivery kept beyond deliver: retains on construction, releases at its end. Movable, usable from any thread.
class retained_delivery : public delivery {
public:
  retained_delivery() noexcept : delivery(nullptr) {}
  explicit retained_delivery(const delivery& what) noexcept : delivery(what) { host_table.retain(raw_); }
  retained_delivery(retained_delivery&& other) noexcept : delivery(std::exchange(other.raw_, nullptr)) {}
  retained_delivery& operator=(retained_delivery&& other) noexcept {
    std::swap(raw_, other.raw_);
    return *this;
  }
  ~retained_delivery() { reset(); }

  void reset() noexcept {
    if (raw_ != nullptr) host_table.release(std::exchange(raw_, nullptr));
  }
  explicit operator bool() const noexcept { return raw_ != nullptr; }
};

}  // namespace waybill::sdk
