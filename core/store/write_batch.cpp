// SPDX-License-Identifier: Apache-2.0
#include "core/store/write_batch.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

#include "core/store/fair_pick.hpp"

namespace waybill::core {
namespace {

// Accepts wait for the transaction they are in: jobs (claims of thousands of tasks at a start) may add this much to it.
constexpr milliseconds job_time{10};

/// Moves what stands at `positions` (ascending) to `to`; the others close up.
template <class T>
void move_picked(std::vector<T>& from, std::vector<T>& to, const std::vector<std::size_t>& positions) {
  to.clear();
  std::size_t kept = 0, next = 0;
  for (std::size_t i = 0; i < from.size(); ++i) {
    if (next < positions.size() && positions[next] == i) {
      to.push_back(std::move(from[i]));
      ++next;
    } else {
      if (kept != i) from[kept] = std::move(from[i]);
      ++kept;
    }
  }
  from.erase(from.begin() + static_cast<std::ptrdiff_t>(kept), from.end());
}

template <class T>
void prepend(std::vector<T>& first, std::vector<T>& rest) {
  std::move(rest.begin(), rest.end(), std::back_inserter(first));
  rest.swap(first);
  first.clear();
}

/// A burst must not keep its memory for ever: the vectors go round between inbox and batch.
template <class T>
void give_back(std::vector<T>& emptied) {
  constexpr std::size_t usual = 4'096;
  if (emptied.capacity() > usual) std::vector<T>().swap(emptied);
}

template <class Done, class Answer>
void call_back(std::vector<Done>& done, std::vector<result<Answer>>& answers) {
  for (std::size_t i = 0; i < answers.size(); ++i)
    if (done[i]) done[i](std::move(answers[i]));
  done.clear();
  answers.clear();
}

template <class Answer>
result<void> keep(result<std::vector<Answer>> answers, std::vector<result<Answer>>& to) {
  if (!answers) return fail(std::move(answers.error()));
  to.assign(std::make_move_iterator(answers->begin()), std::make_move_iterator(answers->end()));
  return {};
}

/// Undone alone when it fails; the transaction goes on. store_unavailable when it cannot.
template <class Work>
auto in_savepoint(write_session& session, Work work) -> decltype(work()) {
  if (auto marked = session.savepoint(); !marked) return fail(error_code::store_unavailable, marked.error().message);
  auto answer = work();
  if (!answer) {
    session.rollback_savepoint();
    return answer;
  }
  if (auto released = session.release_savepoint(); !released)
    return fail(error_code::store_unavailable, released.error().message);
  return answer;
}

template <class Item, class Answer, class Run>
result<void> run_singly(std::vector<Item>& items, std::vector<result<Answer>>& answers, write_session& session, Run run) {
  answers.clear();
  std::vector<Item> single(1);
  for (auto& item : items) {
    std::swap(single.front(), item);
    auto answer = in_savepoint(session, [&] { return run(single); });
    std::swap(single.front(), item);
    if (answer)
      answers.push_back(std::move(answer->front()));
    else if (answer.error().code == error_code::store_unavailable)
      return fail(answer.error());
    else
      answers.push_back(fail(answer.error()));
  }
  return {};
}

result<void> run_together(write_batch& batch, write_session& session, utc_time now) {
  if (!batch.deliveries.empty())
    if (auto done = keep(session.accept(batch.deliveries, now), batch.accepted); !done) return done;
  if (batch.records.empty()) return {};
  return keep(session.record(batch.records, now), batch.recorded);
}

result<void> run_one_by_one(write_batch& batch, write_session& session, utc_time now) {
  const auto accept = [&](const std::vector<new_delivery>& one) { return session.accept(one, now); };
  const auto record = [&](const std::vector<attempt_record>& one) { return session.record(one, now); };
  if (auto done = run_singly(batch.deliveries, batch.accepted, session, accept); !done) return done;
  return run_singly(batch.records, batch.recorded, session, record);
}

void run_jobs(write_batch& batch, write_session& session, const clock& time) {
  const auto until = time.monotonic() + job_time;
  for (auto& job : batch.jobs) {
    if (!batch.job_results.empty() && time.monotonic() >= until) return;
    batch.job_results.push_back(in_savepoint(session, [&] { return job.work(session); }));
  }
}

using first_half = result<void> (*)(write_batch&, write_session&, utc_time);
using beginning = result<void> (write_session::*)();

result<void> run_transaction(write_batch& batch, write_session& session, const clock& time, first_half run, beginning begin) {
  if (auto begun = (session.*begin)(); !begun) return fail(error_code::store_unavailable, begun.error().message);
  auto done = run(batch, session, time.now());
  if (done && !batch.jobs.empty()) done = session.settle();
  if (done) {
    run_jobs(batch, session, time);
    done = session.commit();
    if (!done) {
      const auto committed = session.was_committed();
      if (committed && *committed) return {};
      batch.in_doubt = !committed;
      if (batch.in_doubt) return fail(error_code::store_unavailable, done.error().message);
    }
  }
  if (!done) session.rollback();
  return done;
}

}  // namespace

void write_batch::take_from(write_batch& inbox, std::size_t most_accepts) {
  if (inbox.deliveries.size() <= most_accepts) {
    deliveries.swap(inbox.deliveries);
    accept_done.swap(inbox.accept_done);
    inbox.deliveries.clear();
    inbox.accept_done.clear();
  } else {
    const auto picked = fair_pick(inbox.deliveries, most_accepts);
    move_picked(inbox.deliveries, deliveries, picked);
    move_picked(inbox.accept_done, accept_done, picked);
  }
  records.swap(inbox.records);
  record_done.swap(inbox.record_done);
  refused.swap(inbox.refused);
  std::move(inbox.jobs.begin(), inbox.jobs.end(), std::back_inserter(jobs));
  inbox.jobs.clear();
}

void write_batch::take_accepts(write_batch& inbox) {
  deliveries.swap(inbox.deliveries);
  accept_done.swap(inbox.accept_done);
  refused.swap(inbox.refused);
}

void write_batch::take_accepts_and_jobs(write_batch& inbox) {
  take_accepts(inbox);
  jobs.swap(inbox.jobs);
  take_bulk(inbox, inbox.bulk.size());
}

void write_batch::take_bulk(write_batch& inbox, std::size_t most) {
  const auto end = inbox.bulk.begin() + static_cast<std::ptrdiff_t>(std::min(most, inbox.bulk.size()));
  std::move(inbox.bulk.begin(), end, std::back_inserter(jobs));
  inbox.bulk.erase(inbox.bulk.begin(), end);
}

void write_batch::return_bulk(write_batch& inbox, std::size_t ran) {
  const auto first = jobs.begin() + static_cast<std::ptrdiff_t>(ran);
  inbox.bulk.insert(inbox.bulk.begin(), std::make_move_iterator(first), std::make_move_iterator(jobs.end()));
  jobs.erase(first, jobs.end());
}

void write_batch::return_records(write_batch& inbox) {
  prepend(records, inbox.records);
  prepend(record_done, inbox.record_done);
  recorded.clear();
}

void write_batch::tell(queue_listener& listener) const {
  for (std::size_t i = 0; i < accepted.size(); ++i)
    if (accepted[i] && accepted[i]->outcome == accept_result::kind::accepted) listener.added(deliveries[i].tasks);
  for (std::size_t i = 0; i < recorded.size(); ++i)
    if (recorded[i] && *recorded[i] != record_result::fenced) listener.moved(records[i].before, records[i].after);
}

void write_batch::fail_accepts_and_jobs(const error& why) {
  accepted.assign(deliveries.size(), fail(why));
  job_results.assign(jobs.size(), fail(why));
}

void write_batch::fail_records(const error& why) { recorded.assign(records.size(), fail(why)); }

void write_batch::answer() {
  for (auto& done : refused)
    if (done) done(fail(error_code::queue_full, "Too many deliveries wait to be stored."));
  refused.clear();
  call_back(accept_done, accepted);
  deliveries.clear();
  call_back(record_done, recorded);
  records.clear();
  give_back(deliveries);
  give_back(accept_done);
  give_back(records);
  give_back(record_done);
  for (auto& answer : job_results) {
    auto done = std::move(jobs.front().done);
    jobs.pop_front();
    if (done) done(std::move(answer));
  }
  job_results.clear();
}

result<void> run_batch(write_batch& batch, write_session& session, const clock& time) {
  const auto failed_otherwise = [](const result<void>& done) {
    return !done && done.error().code != error_code::store_unavailable;
  };
  auto done = run_transaction(batch, session, time, run_together, &write_session::begin_foreseen);
  if (failed_otherwise(done)) done = run_transaction(batch, session, time, run_together, &write_session::begin);
  if (failed_otherwise(done)) done = run_transaction(batch, session, time, run_one_by_one, &write_session::begin);
  return done;
}

}  // namespace waybill::core
