// SPDX-License-Identifier: Apache-2.0
#pragma once

// The actor of one destination. It owns the breaker, the rate limit, the retry timers and a bounded window of tasks; it tries
// tasks through the destination's handler and hands outcomes to the store writer. All durable truth is in the store: this
// actor can die at any time and a new one claims what is due.
//
//   in                  from              what it brings about
//   opened              reader thread     the handler is open (or not: tried again with backoff)
//   tasks_offered       registry          fresh committed tasks, into the window as far as there is room
//   claim_answered      registry          tasks fetched from the store
//   check_store         registry          there is more in the store: claim
//   attempt_done        plugin thread     outcome of a flight, to breaker, retry decision and store writer
//   outcomes_stored     store writer      the outcome is durable: forget the task or wait for its retry
//   wake                itself            the one timer: due tasks, breaker, rate, deadlines, idleness
//   place_free          another actor     a shared place for an attempt, to be used at once or left to the next
//   go_on               itself            more to start, after others had their turn
//   withdraw            registry          tasks were cancelled
//   step_back           registry          an earlier task of their ordering key came back: the store holds them
//   reload              registry          configuration, state or secrets changed
//   ask_figures         registry          live figures
//   start_drain         registry          finish what is under way, then end
//   retire              registry          end now (idle or removed)
//
//        opened ok            opened: disabled                 start_drain
//   loading -----> running <------> disabled        any state -----------> draining -> end
//      ^  failed      |  reload
//      +--------------+

#include <caf/actor.hpp>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <unordered_map>

#include "actors/caf_compat.hpp"
#include "actors/engine_context.hpp"
#include "actors/messages.hpp"
#include "core/policy/batch_verdict.hpp"
#include "core/policy/circuit_breaker.hpp"
#include "core/policy/pacing.hpp"
#include "core/policy/retry_policy.hpp"
#include "core/queue/batch_collector.hpp"
#include "core/queue/deadline_line.hpp"
#include "core/queue/response_times.hpp"
#include "core/queue/task_window.hpp"

namespace waybill::actors {

class destination_state {
public:
  static inline const char* name = "destination";

  ~destination_state();
  caf::behavior start(caf::event_based_actor* self, engine_context& context, core::destination_id id, caf::actor registry,
                      bool comes_back);

private:
  enum class mode : std::uint8_t { loading = 1, running, disabled, draining };

  /// An attempt under way.
  struct flight {
    core::queued_task what;
    core::utc_time started_at;
    core::mono_time started;
    std::shared_ptr<core::handler> through;  ///< survives a reload
    core::handler::token token = 0;
    std::uint64_t batch = 0;                 ///< 0: a call of its own
    std::optional<core::mono_time> cut_off;  ///< the delivery's own time is over before the attempt's
  };
  /// A call with several flights. Its place and the breaker's answer are settled when the last of them is over.
  struct batch_under_way {
    std::size_t left = 0;
    core::batch_verdict verdict;
  };
  /// An outcome on its way to the store.
  struct pending_outcome {
    core::queued_task what;
    core::task_status after;
  };

  void on_opened(opened& m);
  void on_tasks_offered(tasks_offered& m);
  void on_claim_answered(claim_answered& m);
  void on_attempt_done(attempt_done& m);
  void on_outcomes_stored(outcomes_stored& m);
  void on_wake(const wake& m);
  void on_place_free(place_free& m);
  void on_withdraw(const withdraw& m);
  void on_step_back(const step_back& m);
  void on_reload();
  void on_start_drain();
  void on_figures(const ask_figures& m) const;

  void load();
  void pump();
  [[nodiscard]] bool may_start(core::utc_time now);
  [[nodiscard]] bool may_try() const;
  [[nodiscard]] bool acquire_call(core::utc_time now);
  void launch(core::queued_task task, core::utc_time now);
  void start_batches(core::utc_time now);
  void launch_batch(std::vector<core::queued_task> tasks, core::utc_time now);
  void uncollect();
  void let_expire(const core::queued_task& late);
  [[nodiscard]] core::mono_time set_deadlines(flight& attempt, std::uint64_t number);
  void expire_deadlines();
  void end_overdue(std::uint64_t number, bool by_cut_off);
  void conclude(flight done, core::attempt_result result);
  bool end_call(const flight& over, const core::attempt_result& result);
  void give_place_back();
  void await_place();
  void heed_throttling(const core::attempt_result& result, core::mono_time began);
  void judge(const core::attempt_result& result, core::mono_time began, core::utc_time now);
  void on_success(core::mono_time began, core::utc_time now);
  [[nodiscard]] core::attempt_record make_record(const flight& done, core::attempt_result&& result, core::utc_time now);
  void store_outcome(core::attempt_record record, core::queued_task what);
  void disable(const std::string& reason);
  void note_standing();
  void note_lag(const core::task& what, core::utc_time now);
  void claim_if_wanted(core::utc_time now);
  void arm();
  [[nodiscard]] std::optional<core::milliseconds> time_to_next_event() const;
  void settle();
  [[nodiscard]] core::milliseconds attempt_timeout() const;

  caf::event_based_actor* self_ = nullptr;
  engine_context* context_ = nullptr;
  core::destination_id id_;
  caf::actor registry_;
  mode mode_ = mode::loading;
  std::uint64_t seen_ = 0;  ///< messages of the registry handled

  // What `opened` brought. load_generation_ makes a stale answer recognisable.
  std::uint64_t load_generation_ = 0;
  bool loading_ = false;
  bool loaded_once_ = false;
  std::optional<bool> parked_;  ///< as the ledger was told
  bool reduced_ = false;        ///< as is counted for the node
  core::utc_time unparked_at_{};
  bool comes_back_ = false;  ///< from being disabled: what was parked is let go by and by
  std::uint32_t failed_loads_ = 0;
  std::optional<core::mono_time> load_again_at_;
  std::optional<destination_brief> settings_;  ///< once loaded
  std::shared_ptr<core::handler> handler_;
  core::policy policy_;
  std::optional<core::utc_time> secrets_change_at_;

  // Decisions.
  core::circuit_breaker breaker_{core::breaker_settings{}};
  core::pacing pace_{core::limit_settings{}};
  core::retry_policy retries_{core::retry_settings{}};
  std::minstd_rand jitter_;

  // Every held task is in the window waiting, in collector_, in flights_ or in outcomes_; never in two of them.
  std::optional<core::task_window> window_;
  core::batch_collector collector_;  ///< empty unless the policy asks for batches
  std::unordered_map<std::uint64_t, flight> flights_;
  std::unordered_map<core::task_id, pending_outcome> outcomes_;
  std::unordered_map<std::uint64_t, batch_under_way> batches_;
  std::uint32_t calls_ = 0;        ///< under way: places taken; flights_ outside of batches, and batches_
  core::deadline_line deadlines_;  ///< of flights; ended ones may linger
  std::set<std::pair<core::mono_time, std::uint64_t>> cut_offs_;  ///< of flights that have one; ended ones may linger
  std::uint64_t last_flight_ = 0;
  bool claiming_ = false;

  // Of the node's places.
  core::fair_places::share_ptr share_;  ///< set once loaded
  bool awaiting_place_ = false;
  std::shared_ptr<core::place> granted_place_;  ///< while one that was waited for is being made use of

  std::uint64_t wake_generation_ = 0;
  std::optional<core::mono_time> armed_for_;
  std::optional<core::mono_time> rate_allows_at_;  ///< due tasks wait for the rate limit
  core::mono_time last_active_;
  core::response_times response_times_;
};

/// `comes_back`: it was disabled until now.
[[nodiscard]] caf::behavior destination_actor(caf::stateful_actor<destination_state>* self, engine_context* context,
                                              core::destination_id id, caf::actor registry, bool comes_back);

}  // namespace waybill::actors
