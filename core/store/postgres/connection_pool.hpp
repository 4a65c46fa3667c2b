// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

#include "core/store/postgres/sessions.hpp"

namespace waybill::core::postgres {

/// The connections that read. A session takes one for the length of a call and gives it back; so there are as many as calls
/// run at the same time, and none that nobody has needed for a while. Given out is the one used last, so that the others grow
/// old. One that has lived long is closed and made anew: after a switch-over of servers nobody stays with the old one. Made by
/// the store, shared with its reader sessions. Thread-safe.
class connection_pool : public std::enable_shared_from_this<connection_pool> {
public:
  explicit connection_pool(connection_settings settings) : settings_(std::move(settings)) {}

  /// Goes back to the pool with it.
  class lease {
  public:
    lease(std::shared_ptr<connection_pool> from, std::unique_ptr<reading> what)
        : from_(std::move(from)), what_(std::move(what)) {}
    ~lease() {
      if (what_) from_->give_back(std::move(what_));
    }
    lease(lease&&) noexcept = default;
    lease(const lease&) = delete;
    lease& operator=(const lease&) = delete;
    lease& operator=(lease&&) = delete;
    reading* operator->() const { return what_.get(); }

  private:
    std::shared_ptr<connection_pool> from_;
    std::unique_ptr<reading> what_;
  };

  [[nodiscard]] lease borrow();

private:
  using steady = std::chrono::steady_clock;
  struct entry {
    std::unique_ptr<reading> what;
    steady::time_point since;  ///< given back
  };

  void give_back(std::unique_ptr<reading> what);

  const connection_settings settings_;
  mutable std::mutex mutex_;
  std::vector<entry> idle_;  ///< the longest idle first
};

}  // namespace waybill::core::postgres
