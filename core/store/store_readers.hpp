// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include "core/store/store.hpp"

namespace waybill::core {

/// A small pool of plain threads, each with a read session of its own. `run` never blocks; work runs in the order it came as
/// far as the pool has threads. Work must not throw. After stop, `run` calls the work with nullptr so it can answer.
class store_readers {
public:
  using work = std::function<void(read_session*)>;

  [[nodiscard]] static result<std::unique_ptr<store_readers>> start(store& from, std::size_t threads);
  ~store_readers();
  store_readers(const store_readers&) = delete;
  store_readers& operator=(const store_readers&) = delete;

  void run(work item);
  void stop();
  [[nodiscard]] std::size_t waiting() const;

private:
  store_readers();
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace waybill::core
