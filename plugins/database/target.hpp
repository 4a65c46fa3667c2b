// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>

#include <waybill/connection_figures.hpp>
#include <waybill/handler.hpp>
#include <waybill/transfer/call_book.hpp>
#include <waybill/transfer/idle_pool.hpp>
#include <waybill/transfer/lane_pool.hpp>
#include <waybill/transfer/record.hpp>

#include "config.hpp"
#include "pending.hpp"
#include "pg_link.hpp"

namespace waybill::database {

/// The threads of this plugin: a connection is served by one at a time.
[[nodiscard]] transfer::lane_pool& plugin_lanes();

/// One destination: its queue of rows and its idle connections. Made by open; shared by the handler and by the lane's jobs,
/// which may outlive it by a moment. Once its last call is completed nothing asks the host any more. Thread-safe.
class target : public std::enable_shared_from_this<target> {
public:
  target(config settings, sdk::handler_context host);

  /// Queued; answered from a thread of the plugin. All of them by one statement, as far as they fit.
  void insert(pending_rows rows);
  void test(std::int64_t deadline_ms, sdk::completion done);
  void cancel(wb_token token);
  /// Ends the idle connections; for the handler's end.
  void close() { sessions_->close(); }
  void wait_idle(std::chrono::milliseconds limit) { calls_.wait_idle(limit); }

private:
  using session = std::unique_ptr<pg_link>;
  using run_state = transfer::call_book::run;

  void serve();
  [[nodiscard]] pending_rows next_rows();
  void perform(pending_row* first, pending_row* last, run_state& run);
  void make_values(pending_row& row) const;
  void run_test(std::int64_t deadline_ms, sdk::completion& done);
  [[nodiscard]] result<session> connect(clock::time_point deadline, const transfer::stop_signal& stop);
  [[nodiscard]] result<session> take_session(clock::time_point deadline, const transfer::stop_signal& stop, bool& reused);
  void ask_to_give_up(const pg_link& on);
  void answer(pending_row& row);

  const config settings_;
  const sdk::handler_context host_;
  transfer::redactor secrets_;
  const std::shared_ptr<transfer::lane_pool::lane> lane_;
  const std::shared_ptr<transfer::lane_pool::lane> cancels_;  ///< PQcancel waits for its server, and may wait for long
  const std::shared_ptr<transfer::idle_pool<session>> sessions_;
  transfer::call_book calls_;

  std::mutex mutex_;
  std::deque<pending_rows> queue_;
};

}  // namespace waybill::database
