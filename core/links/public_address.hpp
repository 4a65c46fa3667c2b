// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>

#include "core/model/error.hpp"
#include "core/model/time.hpp"

namespace waybill::core {

/// What links to this node begin with. Known at the start where server.publicUrl is set; otherwise once the node listens,
/// because the port may be the system's choice. Thread-safe.
class public_address {
public:
  void set(std::string url);
  /// Blocks until it is known, for `most` at the longest: shutting_down then.
  [[nodiscard]] result<std::string> wait(milliseconds most) const;
  /// Empty while it is not known.
  [[nodiscard]] std::string get() const;

private:
  mutable std::mutex mutex_;
  mutable std::condition_variable known_;
  std::string url_;
};

}  // namespace waybill::core
