// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_set>

#include <waybill/connection_figures.hpp>
#include <waybill/handler.hpp>
#include <waybill/transfer/call_book.hpp>
#include <waybill/transfer/idle_pool.hpp>
#include <waybill/transfer/lane_pool.hpp>
#include <waybill/transfer/record.hpp>

#include "config.hpp"
#include "pending.hpp"
#include "resume_book.hpp"
#include "sftp_client.hpp"

namespace waybill::sftp {

/// The threads of this plugin: libssh has none of its own, and every session is served by one at a time.
[[nodiscard]] transfer::lane_pool& plugin_lanes();

/// One destination: its queue of uploads and its idle sessions. Made by open; shared by the handler and by
/// the lane's jobs, which may outlive it by a moment. Once its last call is completed nothing asks the host any more.
/// Thread-safe.
class target : public std::enable_shared_from_this<target> {
public:
  target(config settings, sdk::handler_context host);

  /// Queued; answered from a thread of the plugin. `together`: on one session, in this order.
  void upload(pending_uploads items, bool together);
  void test(std::int64_t deadline_ms, sdk::completion done);
  void cancel(wb_token token);
  /// Ends the idle sessions; for the handler's end.
  void close() { sessions_->close(); }
  void wait_idle(std::chrono::milliseconds limit) { calls_.wait_idle(limit); }

private:
  /// What one session is to do next.
  struct unit {
    pending_uploads items;
    bool together = false;
  };
  using session = std::unique_ptr<sftp_client>;
  using run_state = transfer::call_book::run;

  void serve();
  [[nodiscard]] unit next_unit();
  void perform(unit& what, run_state& run);
  void perform_group(pending_upload* first, pending_upload* last, session& on, run_state& run);
  void run_test(std::int64_t deadline_ms, sdk::completion& done);
  [[nodiscard]] result<session> connect(const patience& how_long);
  [[nodiscard]] result<session> take_session(const patience& how_long, bool& reused);
  void abandon(pending_upload* first, pending_upload* last, sftp_client& on);
  [[nodiscard]] bool enter(const pending_upload& item);
  void answer(pending_upload& item);

  const config settings_;
  const sdk::handler_context host_;
  transfer::redactor secrets_;
  resume_book book_;
  const std::shared_ptr<transfer::lane_pool::lane> lane_;
  const std::shared_ptr<transfer::idle_pool<session>> sessions_;
  transfer::call_book calls_;

  std::mutex mutex_;
  std::deque<unit> queue_;
  std::unordered_set<std::string> under_way_;  ///< temporary files that somebody writes
  std::size_t offer_ = 0;                      ///< which of host_keys::offers the server answered with a known key
};

}  // namespace waybill::sftp
