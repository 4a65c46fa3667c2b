// SPDX-License-Identifier: Apache-2.0
// What a store lets go of ordering keys, held against a model that says so in a few lines, over random histories.
#include <map>
#include <random>
#include <set>

#include "tests/store/job_fixture.hpp"
#include "tests/store/ordering_fixture.hpp"

using namespace waybill::core;
using namespace waybill::core::test;

namespace {

/// Tasks in the order of their acceptance, and from that what may go: the whole rule, without any of its bookkeeping.
class ordering_model {
public:
  enum class place : std::uint8_t { waiting = 1, dead, gone };
  struct entry {
    new_delivery request;
    task state;  ///< as its owner holds it
    place where = place::waiting;
    bool parks = false;   ///< dead, under park
    bool passed = false;  ///< waits for its retry, under skip
    bool tried = false;   ///< it was under way when it was held back: its outcome comes all the same
  };

  std::vector<entry> all;
  ordering_failure policy = ordering_failure::block;

  void set_policy(ordering_failure to) {
    if (to == policy) return;
    policy = to;
    if (to != ordering_failure::park)
      for (auto& one : all) one.parks = false;
    std::vector<entry*> retries;
    for (auto& one : all)
      if (one.state.status == task_status::retrying && goes(one)) retries.push_back(&one);
    for (auto* one : retries) one->passed = to == ordering_failure::skip;
  }
  [[nodiscard]] bool goes(const entry& asked) const {
    if (asked.where != place::waiting) return false;
    const auto& key = asked.request.content->ordering_key;
    if (key.empty() || asked.passed) return true;
    for (const auto& earlier : all) {
      if (&earlier == &asked) return true;
      if (earlier.request.content->ordering_key != key) continue;
      if ((earlier.where == place::waiting && !earlier.passed) || earlier.parks) return false;
    }
    return true;
  }
  [[nodiscard]] std::set<std::string> going() const {
    std::set<std::string> ids;
    for (const auto& one : all)
      if (goes(one)) ids.insert(one.state.id.to_string());
    return ids;
  }
};

/// Plays a history against the store and the model. `window_` is what an owner would hold that only listens to answers.
class ordering_history {
public:
  ordering_history(store_fixture& s, unsigned seed) : s_(s), random_(seed) { take_over(); }

  void step() {
    now_ += milliseconds{1 + pick(20)};
    switch (pick(16)) {
      case 0:
        return crash();
      case 1:
        return cancel();
      case 2:
      case 3:
        return revive();
      case 4:
        return drop();
      case 5:
        return change_policy();
      case 6:
      case 7:
      case 8:
      case 9:
        return accept();
      default:
        return record();
    }
  }

  void check() {
    listen();
    CHECK(claimed() == model_.going());
    CHECK(window_ == model_.going());
    CHECK(must(s_.reader().reconcile()).difference() == 0);
  }

private:
  using place = ordering_model::place;

  std::size_t pick(std::size_t below) { return std::uniform_int_distribution<std::size_t>{0, below - 1}(random_); }

  std::set<std::string> claimed() {
    std::set<std::string> ids;
    for (const auto& one : s_.claim(s_.hook, epoch_, at(1'000'000'000), 10'000).tasks) ids.insert(one.state.id.to_string());
    return ids;
  }
  void take_over() {
    epoch_ = must(s_.write([&](write_session& w) { return w.take_over_shards("model", now_); }));
    for (auto& one : model_.all) one.state.owner_epoch = epoch_, one.tried = false;
    window_ = claimed();
  }
  void listen() {
    auto changes = s_.writer().take_order_changes();
    for (const auto& one : changes.stepped_back) {
      window_.erase(one.id.to_string());
      for (auto& known : model_.all) known.tried = known.tried || known.state.id == one.id;
    }
    for (const auto& one : changes.released) {
      window_.insert(one.state.id.to_string());
      for (auto& known : model_.all)
        if (known.state.id == one.state.id) known.state = one.state, known.tried = false;
    }
  }
  ordering_model::entry* any(place where) {
    std::vector<ordering_model::entry*> found;
    for (auto& one : model_.all)
      if (one.where == where) found.push_back(&one);
    return found.empty() ? nullptr : found[pick(found.size())];
  }

  void accept() {
    std::vector<new_delivery> batch;
    for (std::size_t i = 0, n = 1 + pick(3); i < n; ++i) {
      const auto key = pick(8) == 0 ? std::string() : std::string(1, static_cast<char>('a' + pick(3)));
      auto request = keyed_request(s_, key, now_, static_cast<std::uint8_t>(pick(11)));
      request.tasks[0].owner_epoch = epoch_;
      if (pick(6) == 0) request.tasks[0].due_at = now_ + milliseconds{5'000};
      batch.push_back(request);
    }
    const auto answers = s_.accept(batch, now_);
    for (std::size_t i = 0; i < batch.size(); ++i) {
      model_.all.push_back({batch[i], batch[i].tasks[0]});
      if (answers[i].held.empty()) window_.insert(batch[i].tasks[0].id.to_string());
    }
  }
  /// Of a task that may go; sometimes of one that was held back while it was tried.
  void record() {
    std::vector<ordering_model::entry*> found;
    for (auto& one : model_.all)
      if (model_.goes(one) || (one.where == place::waiting && one.tried)) found.push_back(&one);
    if (found.empty()) return;
    auto& one = *found[pick(found.size())];
    one.tried = false;
    const auto what = pick(3);
    const auto after = what == 0 ? task_status::delivered : what == 1 ? task_status::retrying : task_status::failed;
    auto outcome = keyed_outcome(one.request, one.state, after);
    if (after == task_status::retrying) outcome.due_at = now_ + milliseconds{pick(3'000)};
    const auto answer = s_.record(outcome, now_);
    if (after == task_status::retrying) {
      one.state.status = task_status::retrying;
      one.state.due_at = *outcome.due_at;
      one.state.attempts += 1;
      one.state.total_attempts += 1;
      one.passed = model_.policy == ordering_failure::skip && !one.request.content->ordering_key.empty();
      CHECK(answer == (model_.goes(one) ? record_result::recorded : record_result::held));
      if (answer == record_result::recorded) window_.insert(one.state.id.to_string());
      return;
    }
    CHECK(answer == record_result::recorded);
    one.state.attempts += 1;
    one.state.total_attempts += 1;
    one.where = after == task_status::delivered ? place::gone : place::dead;
    one.passed = false;
    one.parks = after == task_status::failed && model_.policy == ordering_failure::park;
    window_.erase(one.state.id.to_string());
  }
  void cancel() {
    auto* one = any(place::waiting);
    if (one == nullptr) return;
    CHECK(cancel_all(s_, one->request).size() == 1);
    one->where = place::gone;
    window_.erase(one->state.id.to_string());
  }
  void revive() {
    auto* one = any(place::dead);
    if (one == nullptr) return;
    const auto back = redrive(s_, one->request, epoch_, now_);
    REQUIRE(back.size() == 1);
    one->state = back[0];
    one->where = place::waiting;
    one->parks = one->passed = false;
    if (one->request.content->ordering_key.empty()) window_.insert(back[0].id.to_string());
  }
  void drop() {
    auto* one = any(place::dead);
    if (one == nullptr) return;
    dead_letter_filter filter;
    filter.tasks = {one->state.id};
    CHECK(run_job(s_, make_job(s_, job_work::discard, filter, at(1'000'000'000))).after.done == 1);
    one->where = place::gone;
    one->parks = false;
    listen();
  }
  void change_policy() {
    const auto to = static_cast<ordering_failure>(1 + pick(3));
    model_.set_policy(to);
    set_ordering(s_, to);
  }
  void crash() {
    s_.reopen();
    take_over();
  }

  store_fixture& s_;
  std::mt19937 random_;
  ordering_model model_;
  std::set<std::string> window_;
  std::uint64_t epoch_ = 1;
  utc_time now_ = at(1'000);
};

}  // namespace

TEST_CASE("whatever happens, a store lets exactly those tasks of a key go that the rule lets go") {
  ON_EVERY_ENGINE(s);
  const auto seed = GENERATE(range(1u, 9u));
  INFO("seed: " << seed);
  ordering_history history(s, seed);
  for (int i = 0; i < 150; ++i) {
    INFO("step: " << i);
    history.step();
    history.check();
  }
}
