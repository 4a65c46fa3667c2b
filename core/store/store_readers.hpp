// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include "core/store/store.hpp"

namespace waybill::core {

/// A small pool of plain threads, each with a read session of its own. `run` and `run_later` never block; the work of each
/// runs in the order it came as far as the pool has threads. Work must not throw. After stop, they call the work with nullptr
/// so it can answer.
class store_readers {
public:
  using work = std::function<void(read_session*)>;

  [[nodiscard]] static result<std::unique_ptr<store_readers>> start(store& from, std::size_t threads);
  ~store_readers();
  store_readers(const store_readers&) = delete;
  store_readers& operator=(const store_readers&) = delete;

  void run(work item);
  /// Makes way for what `run` brings, now and later, but for one turn in nine: thousands of these (destinations that load at
  /// a start) hold up no request for longer than one of them takes.
  void run_later(work item);
  void stop();
  [[nodiscard]] std::size_t waiting() const;

private:
  store_readers();
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace waybill::core
