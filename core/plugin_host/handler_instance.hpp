// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/plugin_host/blocking_pool.hpp"
#include "core/plugin_host/delivery_block.hpp"
#include "core/plugin_host/handler.hpp"
#include "core/plugin_host/token_table.hpp"

#include <waybill/plugin.h>

/// The incomplete type of plugin.h, so that a context handed back by a plugin is a base of what it is.
struct wb_handler_ctx {};

namespace waybill::core {

/// The threads an instance borrows. Shared by the plugin_host, which stops them, and by every instance, which may outlive it.
struct host_threads {
  explicit host_threads(std::size_t blocking_threads) : blocking(blocking_threads), hooks(2) {}
  void stop() {
    blocking.stop();
    hooks.stop();
  }
  blocking_pool blocking;  ///< deliver and test_connection of plugins with WB_FEATURE_BLOCKING
  blocking_pool hooks;     ///< what is short unless a plugin is broken: entry, open, validate, drain, a late close
};

/// A deadline as plugins see it: ms on the clock of wb_host.monotonic_ms.
[[nodiscard]] inline std::int64_t to_monotonic_ms(mono_time time) {
  return std::chrono::duration_cast<milliseconds>(time.time_since_epoch()).count();
}

/// One handler of a plugin and the host's side of it. Made by loaded_plugin::open; owned by its `handler` face and by every
/// call the plugin still owes.
///
/// What always holds:
///  (1) At most one hook runs at a time, cancel aside: `is_busy_` is the right to call one.
///  (2) Nobody waits for that right. Who does not get it leaves the hook in `waiting_`, and who has it runs what it finds
///  there. (3) close runs once, when the face is gone, nothing is outstanding and no hook is running or waiting. (4) A call
///  counts as outstanding until the completion callback has returned, and close never runs on the stack of
///      `wb_host.complete`: the plugin's thread may touch its handler right up to that return.
class handler_instance final : public wb_handler_ctx, public std::enable_shared_from_this<handler_instance> {
public:
  struct identity {
    std::string type;
    destination_id destination;
  };

  handler_instance(const wb_plugin& slots, identity who, std::shared_ptr<handler_services> services,
                   std::shared_ptr<host_threads> threads, content_access access = content_access::in_memory);
  /// What the plugin's open returned. Before that only the context's services are usable.
  void opened(wb_handler* plugin_handler) { handler_ = plugin_handler; }

  handler::token deliver(delivery_call call, handler::completion done);
  std::vector<handler::token> deliver_batch(std::vector<delivery_call> calls, std::vector<handler::completion> done);
  handler::token test_connection(mono_time deadline, handler::completion done);
  void cancel(handler::token which);
  /// Only the plugin's half of cancel, for any token: how a cancel that crosses with the completion looks to the plugin.
  void cancel_at_plugin(handler::token which);
  /// Tells the plugin to finish; `done` (may be empty) is called on a pool thread after the hook has returned.
  void drain(mono_time deadline, std::function<void()> done = {});
  /// The face is gone: close as soon as (3) allows.
  void close_when_done();

  /// From wb_host.complete.
  static void complete(handler::token which, const wb_result* foreign);

  [[nodiscard]] std::size_t outstanding() const { return outstanding_.load(std::memory_order_acquire); }
  [[nodiscard]] bool is_closed() const { return is_closed_.load(std::memory_order_acquire); }
  [[nodiscard]] const identity& who() const { return who_; }
  [[nodiscard]] handler_services& services() const { return *services_; }

private:
  struct hook {
    enum class kind : std::uint8_t { deliver = 1, deliver_batch, test_connection, drain };
    kind what = kind::deliver;
    handler::token which = 0;            ///< of a batch its first
    delivery_block::held block;          ///< deliver only
    std::vector<handler::token> tokens;  ///< deliver_batch only, with their blocks
    std::vector<delivery_block::held> blocks;
    std::int64_t deadline_ms = 0;
    std::function<void()> done;  ///< drain only
  };

  handler::token begin(hook next, handler::completion done);
  [[nodiscard]] bool must_load(const delivery_call& call) const;
  handler::token deliver_loaded(delivery_call call, handler::completion done);
  void load_and_submit(delivery_call& call, handler::token which);
  std::vector<handler::token> deliver_singly(std::vector<delivery_call> calls, std::vector<handler::completion> done);
  void submit(hook next);
  void pump();
  void run_front_on_pool();
  [[nodiscard]] bool post_front();
  [[nodiscard]] bool waiting_front_is_drain();
  [[nodiscard]] hook pop_front();
  void run(hook& h);
  void run_attempt(hook& h);
  void run_batch(hook& h);
  void run_drain(hook& h);
  [[nodiscard]] std::uint32_t call_plugin(const hook& h, std::string& fault) const;
  [[nodiscard]] std::uint32_t call_plugin_batch(const hook& h, std::string& fault) const;
  [[nodiscard]] blocking_pool::run_id stuck_without(handler::token cancelled);
  void drop(hook& h);
  void refused(handler::token which, std::string detail);
  static void finish(token_table::call ended, attempt_result outcome);
  void call_ended();
  [[nodiscard]] bool claim_close();
  void close();
  [[nodiscard]] bool wants_pool(const hook& h) const;

  const wb_plugin slots_;
  const identity who_;
  const std::string destination_text_;
  const std::shared_ptr<handler_services> services_;
  const std::shared_ptr<host_threads> threads_;
  const content_access access_;
  wb_handler* handler_ = nullptr;
  std::atomic<std::size_t> outstanding_{0};
  std::atomic<bool> is_closed_{false};

  std::mutex lock_;          ///< of all below; never held while a hook runs
  std::list<hook> waiting_;  ///< a list: mostly empty, and then it costs nothing
  std::int64_t last_deadline_ms_ = 0;
  bool is_busy_ = false;
  bool is_abandoned_ = false;  ///< the face is gone
  bool is_closing_ = false;
  std::vector<handler::token> running_;  ///< the tokens whose hook runs on a pool
  blocking_pool::run_id running_on_{};   ///< and the run it is in
};

}  // namespace waybill::core
