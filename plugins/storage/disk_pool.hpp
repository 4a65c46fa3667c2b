// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>

namespace waybill::storage {

/// A few threads for what waits for a disk: several files may be made durable at once, and uploads over the network are not
/// held up by them, as they would be on the reactor's one worker. One for the process, started at first use, never taken down.
class disk_pool {
public:
  static disk_pool& instance();
  /// In order of arrival, some at once.
  void run(std::function<void()> job);

private:
  disk_pool();
  void work();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> jobs_;  ///< guarded
};

}  // namespace waybill::storage
