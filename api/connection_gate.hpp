// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>

namespace waybill::api {

class connection_permit;

/// Counts the open connections of a server and holds back its listener when there are as many as it may have. Kept alive by the
/// listener and by every permit. Thread-safe.
class connection_gate : public std::enable_shared_from_this<connection_gate> {
public:
  explicit connection_gate(std::uint32_t most) : most_(most) {}

  /// A permit for one more. None left: an empty one, and `when_room` is called once when one is given back, on the thread that
  /// does, under the gate's lock.
  [[nodiscard]] connection_permit acquire(std::function<void()> when_room);
  [[nodiscard]] std::uint32_t count() const;
  /// `when_room` is not called again.
  void close();

private:
  friend class connection_permit;
  void release();

  const std::uint32_t most_;
  mutable std::mutex mutex_;
  std::uint32_t count_ = 0;
  std::function<void()> when_room_;
};

/// The right to one connection, given back when it goes.
class connection_permit {
public:
  connection_permit() = default;
  explicit connection_permit(std::shared_ptr<connection_gate> gate) : gate_(std::move(gate)) {}
  connection_permit(connection_permit&&) noexcept = default;
  connection_permit& operator=(connection_permit&&) = delete;
  ~connection_permit() {
    if (gate_) gate_->release();
  }
  [[nodiscard]] explicit operator bool() const { return gate_ != nullptr; }

private:
  std::shared_ptr<connection_gate> gate_;
};

}  // namespace waybill::api
