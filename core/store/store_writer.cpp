// SPDX-License-Identifier: Apache-2.0
#include "core/store/store_writer.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "core/store/write_batch.hpp"
#include "core/telemetry/thread_name.hpp"

namespace waybill::core {
namespace {

using steady = std::chrono::steady_clock;
constexpr milliseconds first_backoff{10};
constexpr milliseconds longest_backoff{1'000};
constexpr milliseconds probe_interval{1'000};
constexpr milliseconds watch_interval{250};
constexpr milliseconds bulk_pause{1};  // then a store that has fallen behind is asked again whether it takes more
constexpr std::size_t most_bulk = 16;

error shutting_down() { return {error_code::shutting_down, "The node is shutting down.", {}, {}}; }

}  // namespace

/// Invariants: (1) `inbox` to `gathering` are touched under `mutex` only, everything below them to `give_up` by the writer's
/// thread only. (2) Nothing enters `inbox` once `stopping` is set, so the thread ends with an empty one. (3) Callbacks run
/// without the lock.
struct store_writer::state {
  state(std::unique_ptr<write_session> session_, const clock& time_, options settings_, batch_end on_batch_end_,
        order_listener on_order_changes_)
      : session(std::move(session_)),
        time(time_),
        settings(settings_),
        on_batch_end(std::move(on_batch_end_)),
        on_order_changes(std::move(on_order_changes_)) {}

  const std::unique_ptr<write_session> session;
  const clock& time;
  const options settings;
  const batch_end on_batch_end;
  const order_listener on_order_changes;

  mutable std::mutex mutex;
  std::condition_variable wake;
  write_batch inbox;
  bool stopping = false;
  bool idle = false;       ///< the thread waits for work, so whoever brings some must wake it
  bool gathering = false;  ///< it waits for more, and whoever brings the last of `enough` must wake it

  write_batch current;
  bool bulk_turn = false;  ///< `current` holds bulk jobs and nothing else
  std::size_t bulk_size = 1;
  std::optional<steady::time_point> bulk_waits_since;  ///< something else went first
  steady::time_point last_commit{};
  std::size_t last_size = 0;  ///< operations of it
  milliseconds backoff{0};    ///< not zero: records wait for a failing store
  steady::time_point give_up{};

  std::atomic<bool> healthy{true};
  std::atomic<std::uint64_t> commits{0}, operations{0}, failed_commits{0};
  std::atomic<steady::time_point> began{steady::time_point{}};  ///< the transaction under way; none: the epoch
  std::condition_variable ended;                                ///< with `mutex`
  bool over = false;                                            ///< the writer's thread has ended
  std::thread thread;
  std::thread watcher;  ///< only where accepts do not wait for ever

  /// False when stopping: then `add` was not called.
  template <class Add>
  bool hand_in(Add add) {
    bool must_wake = false;
    {
      const std::lock_guard lock(mutex);
      if (stopping) return false;
      add(inbox);
      must_wake = std::exchange(idle, false) || (gathering && inbox.size() >= settings.enough);
    }
    if (must_wake) wake.notify_one();
    return true;
  }

  void work();
  void watch();
  bool is_stuck() const;
  void refuse_waiting();
  bool take();
  void wait_for_work(std::unique_lock<std::mutex>& lock);
  void gather(std::unique_lock<std::mutex>& lock);
  [[nodiscard]] bool is_bulk_turn();
  void end_bulk_turn(steady::time_point begun, std::size_t ran);
  void run();
  result<void> run_to_end(write_batch& batch);
  bool wait_in_doubt(milliseconds pause, const error& why);
  void probe();
  void tell_order_changes();
  void on_failure(const error& why);
  void keep_records(const error& why);
};

void store_writer::state::work() {
  while (take()) {
    const auto begun = steady::now();
    began = begun;
    run();
    began = steady::time_point{};
    if (bulk_turn) end_bulk_turn(begun, current.job_results.size());
    current.answer();
    if (on_batch_end) on_batch_end();
  }
  const std::lock_guard lock(mutex);
  over = true;
  ended.notify_all();
}

void store_writer::state::watch() {
  std::unique_lock lock(mutex);
  while (!ended.wait_for(lock, watch_interval, [this] { return over; })) {
    if (!is_stuck()) continue;
    lock.unlock();
    refuse_waiting();
    lock.lock();
  }
}

bool store_writer::state::is_stuck() const {
  const auto since = began.load();
  return settings.refuse_after.count() > 0 && since != steady::time_point{} && steady::now() - since >= settings.refuse_after;
}

void store_writer::state::refuse_waiting() {
  write_batch refused;
  {
    const std::lock_guard lock(mutex);
    refused.take_accepts(inbox);
  }
  refused.fail_accepts_and_jobs({error_code::store_unavailable, "The store does not answer.", {}, longest_backoff});
  refused.answer();
}

/// Waits for operations and moves them to `current`. False when stopped and nothing is left.
bool store_writer::state::take() {
  std::unique_lock lock(mutex);
  if (backoff.count() > 0) wake.wait_for(lock, backoff, [this] { return stopping; });
  wait_for_work(lock);
  bulk_turn = is_bulk_turn();
  if (!bulk_turn) gather(lock);
  // A stop ends the wait for a failing store; what remains is tried at short intervals until patience ends.
  if (stopping && backoff.count() > 0) {
    if (give_up == steady::time_point{}) give_up = steady::now() + settings.stop_patience;
    lock.unlock();
    std::this_thread::sleep_for(first_backoff);
    lock.lock();
  }
  if (bulk_turn)
    current.take_bulk(inbox, bulk_size);
  else
    current.take_from(inbox, settings.max_batch);
  return !current.empty();
}

void store_writer::state::wait_for_work(std::unique_lock<std::mutex>& lock) {
  const bool left_over = !current.jobs.empty();
  while (inbox.empty() && !left_over && !stopping) {
    const bool has_bulk = !inbox.bulk.empty();
    if (has_bulk && session->takes_bulk()) break;
    idle = true;
    if (has_bulk) {
      wake.wait_for(lock, bulk_pause);
      continue;
    }
    if (healthy) {
      wake.wait(lock);
      continue;
    }
    if (wake.wait_for(lock, probe_interval) == std::cv_status::no_timeout) continue;
    lock.unlock();
    probe();
    lock.lock();
  }
  idle = false;
}

bool store_writer::state::is_bulk_turn() {
  if (inbox.bulk.empty()) return false;
  if (current.jobs.empty() && inbox.empty()) return true;
  const auto now = steady::now();
  if (!bulk_waits_since) bulk_waits_since = now;
  return current.jobs.empty() && session->takes_bulk() && now - *bulk_waits_since >= settings.bulk_patience;
}

/// Learns how many fit into a transaction; those that did not go back to the head of their queue.
void store_writer::state::end_bulk_turn(steady::time_point begun, std::size_t ran) {
  bulk_waits_since.reset();
  const auto took = steady::now() - begun;
  if (took > settings.bulk_time)
    bulk_size = std::max<std::size_t>(bulk_size / 2, 1);
  else if (took < settings.bulk_time / 2 && ran == bulk_size)
    bulk_size = std::min(bulk_size * 2, most_bulk);
  const std::lock_guard lock(mutex);
  current.return_bulk(inbox, ran);
}

void store_writer::state::gather(std::unique_lock<std::mutex>& lock) {
  if (last_size < settings.busy) return;
  const auto earliest = last_commit + settings.min_commit_interval;
  const auto complete = [this] { return stopping || inbox.size() >= settings.enough; };
  if (complete() || steady::now() >= earliest) return;
  gathering = true;
  wake.wait_until(lock, earliest, complete);
  gathering = false;
}

void store_writer::state::run() {
  const auto size = current.size();
  if (size == 0) return;
  auto done = run_to_end(current);
  last_commit = steady::now();
  last_size = size;
  if (!done) return on_failure(done.error());
  if (settings.listener != nullptr) current.tell(*settings.listener);
  tell_order_changes();
  healthy = true;
  backoff = milliseconds{0};
  ++commits;
  operations += size - current.jobs.size() + current.job_results.size();
}

void store_writer::state::tell_order_changes() {
  auto changes = session->take_order_changes();
  if (!changes.empty() && on_order_changes) on_order_changes(std::move(changes));
}

/// Runs it. When the store was lost in the commit, waits until it is known what became of it: an outcome that was written must
/// not be written twice, and nobody is told anything before.
result<void> store_writer::state::run_to_end(write_batch& batch) {
  auto done = run_batch(batch, *session, time);
  for (auto pause = first_backoff; batch.in_doubt; pause = std::min(pause * 2, longest_backoff)) {
    healthy = false;
    if (!wait_in_doubt(pause, done.error())) {
      batch.in_doubt = false;
      break;
    }
    const auto committed = session->was_committed();
    if (!committed) continue;
    batch.in_doubt = false;
    if (*committed) done = {};
  }
  return done;
}

/// Meanwhile new accepts and jobs are refused at once: they would wait for as long as the store does. False: stopping, and
/// patience is over.
bool store_writer::state::wait_in_doubt(milliseconds pause, const error& why) {
  write_batch refused;
  bool ends = false;
  {
    std::unique_lock lock(mutex);
    wake.wait_for(lock, pause, [this] { return stopping; });
    refused.take_accepts_and_jobs(inbox);
    ends = stopping;
  }
  refused.fail_accepts_and_jobs({error_code::store_unavailable, why.message, {}, longest_backoff});
  refused.answer();
  if (!ends) return true;
  if (give_up == steady::time_point{}) give_up = steady::now() + settings.stop_patience;
  std::this_thread::sleep_for(first_backoff);
  return steady::now() < give_up;
}

/// Nobody writes while the node says that it cannot: so it has to look for itself.
void store_writer::state::probe() {
  if (session->probe()) healthy = true;
}

void store_writer::state::on_failure(const error& why) {
  healthy = false;
  ++failed_commits;
  const error told{error_code::store_unavailable, why.message, {}, longest_backoff};
  const bool had_others = !current.deliveries.empty() || !current.jobs.empty();
  current.fail_accepts_and_jobs(told);
  if (current.records.empty()) return;
  // Perhaps it was only the others that the store had no room for.
  if (had_others) {
    write_batch alone;
    alone.records.swap(current.records);
    const bool written = run_to_end(alone).has_value();
    current.records.swap(alone.records);
    if (written) {
      tell_order_changes();
      current.recorded.swap(alone.recorded);
      if (settings.listener != nullptr) current.tell(*settings.listener);
      backoff = milliseconds{0};
      ++commits;
      return;
    }
  }
  keep_records(told);
}

void store_writer::state::keep_records(const error& why) {
  backoff = std::clamp(backoff * 2, first_backoff, longest_backoff);
  const std::lock_guard lock(mutex);
  if (stopping && give_up != steady::time_point{} && steady::now() >= give_up) {
    backoff = milliseconds{0};
    current.fail_records(why);
    return;
  }
  current.return_records(inbox);
}

store_writer::store_writer(std::unique_ptr<write_session> session, const clock& time, options settings, batch_end on_batch_end,
                           order_listener on_order_changes)
    : state_(
          std::make_unique<state>(std::move(session), time, settings, std::move(on_batch_end), std::move(on_order_changes))) {
  state_->thread = std::thread([raw = state_.get()] {
    name_this_thread("store-writer");
    raw->work();
  });
  if (state_->settings.refuse_after.count() == 0) return;
  state_->watcher = std::thread([raw = state_.get()] {
    name_this_thread("store-watch");
    raw->watch();
  });
}

store_writer::~store_writer() { stop(); }

void store_writer::accept(new_delivery delivery, accept_callback done) {
  const bool taken = state_->hand_in([&](write_batch& inbox) {
    if (inbox.deliveries.size() >= state_->settings.max_waiting) {
      inbox.refused.push_back(std::move(done));
      return;
    }
    inbox.deliveries.push_back(std::move(delivery));
    inbox.accept_done.push_back(std::move(done));
  });
  if (!taken && done) done(fail(shutting_down()));
}

void store_writer::record(attempt_record record, record_callback done) {
  const bool taken = state_->hand_in([&](write_batch& inbox) {
    inbox.records.push_back(std::move(record));
    inbox.record_done.push_back(std::move(done));
  });
  if (!taken && done) done(fail(shutting_down()));
}

void store_writer::run(job work, job_callback done) {
  const bool taken = state_->hand_in([&](write_batch& inbox) { inbox.jobs.push_back({std::move(work), std::move(done)}); });
  if (!taken && done) done(fail(shutting_down()));
}

void store_writer::run_bulk(job work, job_callback done) {
  const bool taken = state_->hand_in([&](write_batch& inbox) { inbox.bulk.push_back({std::move(work), std::move(done)}); });
  if (!taken && done) done(fail(shutting_down()));
}

void store_writer::stop() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
  }
  state_->wake.notify_all();
  if (state_->thread.joinable()) state_->thread.join();
  if (state_->watcher.joinable()) state_->watcher.join();
}

bool store_writer::healthy() const { return state_->healthy && !state_->is_stuck(); }

writer_stats store_writer::stats() const {
  writer_stats now;
  now.commits = state_->commits;
  now.operations = state_->operations;
  now.failed_commits = state_->failed_commits;
  const std::lock_guard lock(state_->mutex);
  now.waiting = state_->inbox.size() + state_->inbox.bulk.size();
  return now;
}

}  // namespace waybill::core
