// SPDX-License-Identifier: Apache-2.0
#include "core/store/store_writer.hpp"

#include <algorithm>
#include <atomic>
#include <functional>
#include <future>
#include <thread>

#include "tests/store/store_fixture.hpp"

using namespace waybill::core;
using namespace waybill::core::test;

namespace {

/// A writer on a fresh store with one organization and destination.
struct running_writer {
  explicit running_writer(store_writer::options settings = {}, store_writer::batch_end on_batch_end = {},
                          const engine& which = engines().front()) {
    where = must(open_store(which.url(folder.path())));
    auto session = must(where->open_writer());
    must(session->begin());
    must(session->create_organization(org));
    must(session->create_destination(hook, {}));
    must(session->commit());
    writer = std::make_unique<store_writer>(std::move(session), time, settings, std::move(on_batch_end));
  }

  new_delivery request() const { return make_request(org.id, {{hook.id}}); }
  result<accept_result> accept(new_delivery one) {
    std::promise<result<accept_result>> answer;
    writer->accept(std::move(one), [&](result<accept_result> r) { answer.set_value(std::move(r)); });
    return answer.get_future().get();
  }
  result<record_result> record(attempt_record one) {
    std::promise<result<record_result>> answer;
    writer->record(std::move(one), [&](result<record_result> r) { answer.set_value(std::move(r)); });
    return answer.get_future().get();
  }
  result<void> run(store_writer::job work) {
    std::promise<result<void>> answer;
    writer->run(std::move(work), [&](result<void> r) { answer.set_value(std::move(r)); });
    return answer.get_future().get();
  }
  /// Holds the writer's thread until `go_on` is called, so that what comes next shares a batch.
  std::promise<void> hold() {
    std::promise<void> go_on, held;
    writer->run(
        [&held, wait = std::make_shared<std::future<void>>(go_on.get_future())](write_session&) -> result<void> {
          held.set_value();
          wait->wait();
          return {};
        },
        {});
    held.get_future().wait();
    return go_on;
  }

  scratch_folder folder;
  system_clock time;
  organization org = make_organization("o");
  destination hook = make_destination(org.id);
  std::unique_ptr<store> where;
  std::unique_ptr<store_writer> writer;
};

}  // namespace

TEST_CASE("an accepted request is committed before its callback") {
  running_writer w;
  const auto reader = must(w.where->open_reader());
  const auto request = w.request();
  std::promise<bool> there;
  w.writer->accept(request, [&](const result<accept_result>& answer) {
    there.set_value(answer && reader->get_delivery(w.org.id, request.content->id, false).has_value());
  });
  CHECK(there.get_future().get());
  CHECK(w.writer->healthy());
}

TEST_CASE("what waits shares one commit: accepts, then records, then jobs, and each callback once and in order") {
  std::atomic<int> batches{0};
  running_writer w({}, [&] { ++batches; });
  const auto first = w.request();
  must(w.accept(first));
  auto go_on = w.hold();
  const auto commits_before = w.writer->stats().commits;
  const auto batches_before = batches.load();
  std::string order;
  std::promise<void> last;
  w.writer->run(
      [&](write_session& session) -> result<void> {
        order += 'J';
        const auto claimed = session.claim(w.hook.id, 1, w.time.now(), milliseconds{0}, 10, {});
        CHECK(must(claimed).tasks.size() == 2);  // the record below took one of three
        return {};
      },
      [&](const result<void>&) { order += 'j'; });
  w.writer->run([](write_session&) -> result<void> { return {}; },
                [&](const result<void>&) {
                  order += 'k';
                  last.set_value();
                });
  w.writer->record(make_outcome(first.tasks[0]),
                   [&](const result<record_result>& r) { order += must(r) == record_result::recorded ? 'r' : '?'; });
  w.writer->accept(w.request(), [&](const result<accept_result>&) { order += 'a'; });
  w.writer->accept(w.request(), [&](const result<accept_result>&) { order += 'b'; });
  CHECK(w.writer->stats().waiting == 5);
  go_on.set_value();
  last.get_future().wait();
  w.writer->stop();
  CHECK(order == "Jabrjk");
  CHECK(w.writer->stats().commits == commits_before + 2);  // the holding job's, and one for all
  CHECK(batches == batches_before + 2);
}

TEST_CASE("a failed job is undone alone") {
  running_writer w;
  auto go_on = w.hold();
  const auto a = make_organization("a"), b = make_organization("b");
  std::promise<result<void>> first, second;
  w.writer->run(
      [&](write_session& s) -> result<void> {
        if (auto made = s.create_organization(a); !made) return made;
        return fail(error_code::validation_error, "no");
      },
      [&](result<void> r) { first.set_value(std::move(r)); });
  w.writer->run([&](write_session& s) { return s.create_organization(b); },
                [&](result<void> r) { second.set_value(std::move(r)); });
  go_on.set_value();
  CHECK(code_of(first.get_future().get()) == error_code::validation_error);
  CHECK(second.get_future().get());
  const auto reader = must(w.where->open_reader());
  CHECK_FALSE(reader->get_organization(a.id));
  CHECK(reader->get_organization(b.id));
}

TEST_CASE("a request the store cannot take fails alone") {
  running_writer w;
  const auto good = w.request(), twice = w.request();
  must(w.accept(twice));
  auto go_on = w.hold();
  std::promise<result<accept_result>> a, b, c;
  w.writer->accept(good, [&](result<accept_result> r) { a.set_value(std::move(r)); });
  w.writer->accept(twice, [&](result<accept_result> r) { b.set_value(std::move(r)); });
  w.writer->accept(w.request(), [&](result<accept_result> r) { c.set_value(std::move(r)); });
  go_on.set_value();
  CHECK(a.get_future().get());
  CHECK(code_of(b.get_future().get()) == error_code::conflict);
  CHECK(c.get_future().get());
  CHECK(must(must(w.where->open_reader())->reconcile()).difference() == 0);
}

TEST_CASE("a task or a destination that is gone meanwhile changes its own answer alone, and no answer is wrong") {
  const auto& which = GENERATE(from_range(engines()));
  INFO("engine: " << which.name);
  running_writer w({}, {}, which);
  const auto cancelled = w.request(), delivered = w.request(), retried = w.request(), late = w.request();
  auto gone = make_destination(w.org.id, "gone");
  for (const auto* one : {&cancelled, &delivered, &retried}) must(w.accept(*one));
  must(w.run([&](write_session& s) -> result<void> {
    if (auto done = s.cancel(w.org.id, cancelled.content->id, {}, at(1)); !done) return fail(done.error());
    return s.create_destination(gone, {});
  }));
  must(w.run([&](write_session& s) -> result<void> {
    auto done = s.delete_destination(w.org.id, gone.id, gone.version, at(2));
    if (!done) return fail(done.error());
    return {};
  }));
  const auto homeless = make_request(w.org.id, {{gone.id}});
  auto outcome = make_outcome(retried.tasks[0], task_status::retrying);
  outcome.due_at = at(60'000);
  auto go_on = w.hold();
  std::promise<result<record_result>> recorded[3];
  std::promise<result<accept_result>> accepted[2];
  const auto commits_before = w.writer->stats().commits;
  int next = 0;
  for (const auto& one : {make_outcome(cancelled.tasks[0]), make_outcome(delivered.tasks[0]), outcome})
    w.writer->record(one, [&answer = recorded[next++]](result<record_result> r) { answer.set_value(std::move(r)); });
  next = 0;
  for (const auto* one : {&late, &homeless})
    w.writer->accept(*one, [&answer = accepted[next++]](result<accept_result> r) { answer.set_value(std::move(r)); });
  go_on.set_value();
  CHECK(must(recorded[0].get_future().get()) == record_result::fenced);
  CHECK(must(recorded[1].get_future().get()) == record_result::recorded);
  CHECK(must(recorded[2].get_future().get()) == record_result::recorded);
  CHECK(must(accepted[0].get_future().get()).outcome == accept_result::kind::accepted);
  CHECK(must(accepted[1].get_future().get()).outcome == accept_result::kind::accepted);
  w.writer->stop();
  CHECK(w.writer->stats().commits == commits_before + 2);  // the holding job's, and one for all
  const auto reader = must(w.where->open_reader());
  CHECK(must(reader->get_delivery(w.org.id, cancelled.content->id, true)).tasks[0].attempt_log.empty());
  CHECK(must(reader->get_delivery(w.org.id, homeless.content->id, false)).tasks[0].status == task_status::cancelled);
  const auto sums = must(reader->reconcile());
  CHECK(sums.difference() == 0);
  CHECK(sums.accepted == 5);
  CHECK(sums.delivered == 1);
  CHECK(sums.cancelled == 2);
}

TEST_CASE("beyond its limit the writer refuses and says so") {
  store_writer::options settings;
  settings.max_waiting = 2;
  running_writer w(settings);
  auto go_on = w.hold();
  std::promise<result<accept_result>> answers[3];
  for (auto& answer : answers) w.writer->accept(w.request(), [&](result<accept_result> r) { answer.set_value(std::move(r)); });
  go_on.set_value();
  CHECK(answers[0].get_future().get());
  CHECK(answers[1].get_future().get());
  CHECK(code_of(answers[2].get_future().get()) == error_code::queue_full);
}

TEST_CASE("a batch is no larger than it may be, and nothing is left behind") {
  store_writer::options settings;
  settings.max_batch = 10;
  running_writer w(settings);
  auto go_on = w.hold();
  std::atomic<int> accepted{0};
  std::promise<void> all;
  for (int i = 0; i < 95; ++i)
    w.writer->accept(w.request(), [&](const result<accept_result>& r) {
      if (r && ++accepted == 95) all.set_value();
    });
  const auto before = w.writer->stats().commits;
  go_on.set_value();
  all.get_future().wait();
  w.writer->stop();
  CHECK(w.writer->stats().commits - before == 11);  // the holding job's, and ten
}

TEST_CASE("an interval between commits lets more share one and loses none") {
  store_writer::options settings;
  settings.min_commit_interval = std::chrono::microseconds(500);
  running_writer w(settings);
  std::atomic<int> answered{0};
  std::vector<std::thread> clients;
  for (int client = 0; client < 4; ++client)
    clients.emplace_back([&] {
      for (int i = 0; i < 50; ++i) {
        const auto request = w.request();
        if (!w.accept(request)) return;
        if (w.record(make_outcome(request.tasks[0])).value_or(record_result::fenced) == record_result::recorded) ++answered;
      }
    });
  for (auto& client : clients) client.join();
  w.writer->stop();
  CHECK(answered == 200);
  CHECK(must(must(w.where->open_reader())->reconcile()).delivered == 200);
}

TEST_CASE("after a small transaction no interval is kept") {
  store_writer::options settings;
  settings.min_commit_interval = std::chrono::seconds(60);
  settings.busy = 2;
  running_writer w(settings);
  const auto before = std::chrono::steady_clock::now();
  for (int i = 0; i < 3; ++i) must(w.accept(w.request()));
  CHECK(std::chrono::steady_clock::now() - before < settings.min_commit_interval);
}

TEST_CASE("a stop commits what waits, and later calls are told") {
  running_writer w;
  auto go_on = w.hold();
  std::atomic<int> answered{0};
  for (int i = 0; i < 20; ++i) w.writer->accept(w.request(), [&](const result<accept_result>& r) { answered += r ? 1 : 0; });
  go_on.set_value();
  w.writer->stop();
  CHECK(answered == 20);
  CHECK(code_of(w.accept(w.request())) == error_code::shutting_down);
  CHECK(code_of(w.record(make_outcome(w.request().tasks[0]))) == error_code::shutting_down);
  CHECK(code_of(w.run([](write_session&) -> result<void> { return {}; })) == error_code::shutting_down);
}

TEST_CASE("callbacks may hand in more") {
  running_writer w;
  std::atomic<int> rounds{0};
  std::promise<void> done;
  std::function<void()> next = [&] {
    w.writer->accept(w.request(), [&](const result<accept_result>&) {
      if (++rounds == 30)
        done.set_value();
      else
        next();
    });
  };
  next();
  done.get_future().wait();
  w.writer->stop();
  CHECK(rounds == 30);
}

namespace {

struct recording_listener final : queue_listener {
  void added(const std::vector<task>& tasks) override { waiting += static_cast<int>(tasks.size()); }
  void moved(const task&, task_status after) override { waiting -= is_final(after) ? 1 : 0, ++moves; }
  std::atomic<int> waiting{0}, moves{0};
};

}  // namespace

TEST_CASE("bulk jobs go behind what waits, in order and in transactions of their own") {
  store_writer::options settings;
  settings.bulk_patience = std::chrono::hours(1);
  running_writer w(settings);
  auto go_on = w.hold();
  const auto commits_before = w.writer->stats().commits;
  std::string order;
  std::promise<void> last;
  const auto note = [&](char what) { return [&order, what](const result<void>&) { order += what; }; };
  const auto nothing = [](write_session&) -> result<void> { return {}; };
  w.writer->run_bulk(nothing, note('1'));
  w.writer->run_bulk(nothing, note('2'));
  w.writer->run_bulk(nothing, [&](const result<void>&) {
    order += '3';
    last.set_value();
  });
  w.writer->accept(w.request(), [&](const result<accept_result>&) { order += 'a'; });
  w.writer->run(nothing, note('j'));
  CHECK(w.writer->stats().waiting == 5);
  go_on.set_value();
  last.get_future().wait();
  w.writer->stop();
  CHECK(order == "aj123");
  CHECK(w.writer->stats().commits >= commits_before + 3);  // the holding job's, the accept's and the job's, the bulk jobs'
}

TEST_CASE("bulk jobs have their turn however much else waits") {
  store_writer::options settings;
  settings.bulk_patience = milliseconds{0};
  running_writer w(settings);
  std::atomic<bool> bulk_ran{false};
  std::promise<void> ended;
  std::atomic<int> others{0};
  std::function<void()> more = [&] {  // something else waits at every moment
    w.writer->run([](write_session&) -> result<void> { return {}; },
                  [&](const result<void>&) {
                    ++others;
                    if (bulk_ran) return ended.set_value();
                    more();
                  });
  };
  auto go_on = w.hold();
  more();
  w.writer->run_bulk([](write_session&) -> result<void> { return {}; }, [&](const result<void>&) { bulk_ran = true; });
  go_on.set_value();
  ended.get_future().wait();
  CHECK(others < 10);
}

TEST_CASE("a bulk job that fails is undone alone, and a stop runs those that wait") {
  running_writer w;
  auto go_on = w.hold();
  const auto a = make_organization("a"), b = make_organization("b");
  std::promise<result<void>> first, second, late;
  w.writer->run_bulk(
      [&](write_session& session) -> result<void> {
        must(session.create_organization(a));
        return fail(error_code::conflict, "on purpose");
      },
      [&](const result<void>& r) { first.set_value(r); });
  w.writer->run_bulk([&](write_session& session) { return session.create_organization(b); },
                     [&](const result<void>& r) { second.set_value(r); });
  go_on.set_value();
  w.writer->stop();
  CHECK(first.get_future().get().error().code == error_code::conflict);
  CHECK(second.get_future().get().has_value());
  const auto reader = must(w.where->open_reader());
  CHECK_FALSE(reader->get_organization(a.id).has_value());
  CHECK(reader->get_organization(b.id).has_value());
  w.writer->run_bulk([](write_session&) -> result<void> { return {}; }, [&](const result<void>& r) { late.set_value(r); });
  CHECK(late.get_future().get().error().code == error_code::shutting_down);
}

TEST_CASE("a listener hears of what was committed before anybody is called back, and of nothing else") {
  recording_listener listener;
  store_writer::options settings;
  settings.listener = &listener;
  running_writer w(settings);
  const auto request = w.request();
  std::promise<int> known;
  w.writer->accept(request, [&](const result<accept_result>&) { known.set_value(listener.waiting); });
  CHECK(known.get_future().get() == 1);
  const auto done = w.record(make_outcome(request.tasks.front(), task_status::delivered));
  CHECK(done.has_value());
  CHECK(listener.waiting == 0);
  CHECK(must(w.record(make_outcome(request.tasks.front(), task_status::delivered))) == record_result::fenced);
  CHECK(listener.moves == 1);
}

TEST_CASE("where more wait than one transaction takes, every organization has its turn") {
  store_writer::options settings;
  settings.max_batch = 2;
  running_writer w(settings);
  auto late = make_organization("late");
  auto to = make_destination(late.id);
  must(w.run([&](write_session& session) -> result<void> {
    if (auto made = session.create_organization(late); !made) return made;
    return session.create_destination(to, {});
  }));
  auto go_on = w.hold();
  std::vector<std::string> order;
  std::promise<void> all;
  const auto note = [&](const char* who) {
    return [&, who](const result<accept_result>& answer) {
      CHECK(answer.has_value());
      order.emplace_back(who);
      if (order.size() == 6) all.set_value();
    };
  };
  for (int i = 0; i < 5; ++i) w.writer->accept(w.request(), note("flood"));
  w.writer->accept(make_request(late.id, {{to.id}}), note("late"));
  go_on.set_value();
  all.get_future().wait();
  CHECK(std::find(order.begin(), order.end(), "late") - order.begin() == 1);
}
