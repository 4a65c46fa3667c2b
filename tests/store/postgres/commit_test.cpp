// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <future>
#include <thread>

#include "core/store/store_writer.hpp"
#include "tests/store/postgres/cluster.hpp"
#include "tests/store/store_fixture.hpp"

using namespace waybill::core;
using namespace waybill::core::test;

namespace {

constexpr std::chrono::seconds patience{30};

/// A server whose COMMITs can be made to hang after they are on its disk, as they do while a standby does not answer.
struct hanging_server {
  hanging_server() : url(server.store_for(folder.path())) {
    const auto opened = must(open_store(url));
    const auto session = must(opened->open_writer());
    must(session->begin());
    must(session->create_organization(org));
    must(session->create_destination(hook, {}));
    must(session->commit());
  }

  void hang(bool on) {
    server.query(std::string("ALTER SYSTEM SET synchronous_standby_names = '") + (on ? "nobody" : "") + "'");
    server.query("SELECT pg_reload_conf()");
  }
  bool commits_hang() { return !server.query("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'SyncRep'").empty(); }
  void wait_for_commit() {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (!commits_hang()) {
      REQUIRE(std::chrono::steady_clock::now() < deadline);
      std::this_thread::sleep_for(milliseconds{5});
    }
  }
  void end_writer() {
    server.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'waybill' AND wait_event = 'SyncRep'");
  }
  new_delivery request() const { return make_request(org.id, {{hook.id}}); }

  postgres_cluster server;
  scratch_folder folder;
  std::string url;
  organization org = make_organization("o");
  destination hook = make_destination(org.id);
};

std::future<result<accept_result>> accept(store_writer& writer, const new_delivery& one) {
  auto answer = std::make_shared<std::promise<result<accept_result>>>();
  writer.accept(one, [answer](result<accept_result> r) { answer->set_value(std::move(r)); });
  return answer->get_future();
}

std::future<result<record_result>> record(store_writer& writer, const attempt_record& one) {
  auto answer = std::make_shared<std::promise<result<record_result>>>();
  writer.record(one, [answer](result<record_result> r) { answer->set_value(std::move(r)); });
  return answer->get_future();
}

template <class T>
T in_time(std::future<T> answer) {
  REQUIRE(answer.wait_for(patience) == std::future_status::ready);
  return answer.get();
}

/// The first accept whose COMMIT hangs: a moment passes until the server has read its settings. Counts those before and it.
std::future<result<accept_result>> hanging_accept(hanging_server& h, store_writer& writer, new_delivery& last, int& count) {
  for (;;) {
    last = h.request();
    ++count;
    auto answer = accept(writer, last);
    while (answer.wait_for(milliseconds{5}) != std::future_status::ready)
      if (h.commits_hang()) return answer;
    must(answer.get());
  }
}

}  // namespace

TEST_CASE("a commit whose answer was lost but which was carried out is answered as stored, once") {
  hanging_server h;
  const auto opened = must(open_store(h.url));
  system_clock time;
  store_writer writer(must(opened->open_writer()), time, {});
  const auto reader = must(opened->open_reader());
  const auto first = h.request();
  must(in_time(accept(writer, first)));
  int count = 1;
  new_delivery last;
  h.hang(true);
  auto accepted = hanging_accept(h, writer, last, count);
  auto outcome = make_outcome(first.tasks[0], task_status::retrying);
  outcome.due_at = at(60'000);
  auto recorded = record(writer, outcome);  // in the transaction after that one
  h.end_writer();
  CHECK(in_time(std::move(accepted)));
  CHECK(must(reader->get_delivery(h.org.id, last.content->id, false)).tasks.size() == 1);

  h.wait_for_commit();
  h.end_writer();
  h.hang(false);
  CHECK(in_time(std::move(recorded)).value_or(record_result::fenced) == record_result::recorded);
  CHECK(must(reader->get_delivery(h.org.id, first.content->id, true)).tasks[0].attempt_log.size() == 1);
  CHECK(must(reader->reconcile()).difference() == 0);
  CHECK(must(reader->reconcile()).accepted == static_cast<std::uint64_t>(count));
}

TEST_CASE("while it is not known whether a commit was carried out nobody else is kept waiting, and a stop comes to its end") {
  hanging_server h;
  const auto opened = must(open_store(h.url));
  system_clock time;
  store_writer::options settings;
  settings.stop_patience = milliseconds{50};
  store_writer writer(must(opened->open_writer()), time, settings);
  h.hang(true);
  int count = 0;
  new_delivery last;
  auto doubtful = hanging_accept(h, writer, last, count);
  h.server.stop("immediate");
  // The writer refuses what comes while it looks for the server.
  const auto refused = in_time(accept(writer, h.request()));
  CHECK(code_of(refused) == error_code::store_unavailable);
  CHECK(refused.error().retry_after);
  CHECK_FALSE(writer.healthy());
  CHECK(doubtful.wait_for(milliseconds{0}) == std::future_status::timeout);
  writer.stop();
  CHECK(code_of(in_time(std::move(doubtful))) == error_code::store_unavailable);
}

TEST_CASE("while a commit takes too long those that wait behind it are refused, and it is answered for what it came to") {
  hanging_server h;
  const auto opened = must(open_store(h.url));
  system_clock time;
  store_writer::options settings;
  settings.refuse_after = milliseconds{200};
  store_writer writer(must(opened->open_writer()), time, settings);
  const auto first = h.request();
  must(in_time(accept(writer, first)));
  CHECK(writer.healthy());
  h.hang(true);
  int count = 1;
  new_delivery last;
  auto slow = hanging_accept(h, writer, last, count);
  auto recorded = record(writer, make_outcome(first.tasks[0]));
  const auto refused = h.request();
  const auto answer = in_time(accept(writer, refused));
  CHECK(code_of(answer) == error_code::store_unavailable);
  CHECK(answer.error().retry_after);
  CHECK_FALSE(writer.healthy());
  CHECK(slow.wait_for(milliseconds{0}) == std::future_status::timeout);
  CHECK(recorded.wait_for(milliseconds{0}) == std::future_status::timeout);

  h.hang(false);
  must(in_time(std::move(slow)));
  CHECK(in_time(std::move(recorded)).value_or(record_result::fenced) == record_result::recorded);
  CHECK(writer.healthy());
  const auto reader = must(opened->open_reader());
  CHECK(code_of(reader->get_delivery(h.org.id, refused.content->id, false)) == error_code::delivery_not_found);
  CHECK(must(reader->reconcile()).accepted == static_cast<std::uint64_t>(count));
}

TEST_CASE("a transaction that was lost before its commit is not stored, its outcomes wait, and the writer comes back") {
  hanging_server h;
  const auto opened = must(open_store(h.url));
  system_clock time;
  store_writer writer(must(opened->open_writer()), time, {});
  const auto first = h.request();
  must(in_time(accept(writer, first)));
  h.server.stop("immediate");
  const auto lost = h.request();
  CHECK(code_of(in_time(accept(writer, lost))) == error_code::store_unavailable);
  auto recorded = record(writer, make_outcome(first.tasks[0]));
  h.server.start();
  CHECK(in_time(std::move(recorded)).value_or(record_result::fenced) == record_result::recorded);
  CHECK(writer.healthy());
  const auto reader = must(opened->open_reader());
  CHECK(code_of(reader->get_delivery(h.org.id, lost.content->id, false)) == error_code::delivery_not_found);
  CHECK(must(reader->reconcile()).difference() == 0);
}

TEST_CASE("a writer that nobody uses finds out by itself that its server is back") {
  hanging_server h;
  const auto opened = must(open_store(h.url));
  system_clock time;
  store_writer writer(must(opened->open_writer()), time, {});
  h.server.stop("immediate");
  CHECK(code_of(in_time(accept(writer, h.request()))) == error_code::store_unavailable);
  h.server.start();
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!writer.healthy() && std::chrono::steady_clock::now() < deadline) std::this_thread::sleep_for(milliseconds{10});
  CHECK(writer.healthy());
}

TEST_CASE("a second writer is refused while the first has the lock, and one whose store was taken over writes nothing more") {
  postgres_cluster& server = postgres_cluster::shared();
  scratch_folder folder;
  const auto url = server.store_for(folder.path());
  const auto one = must(open_store(url)), other = must(open_store(url));
  auto first = must(one->open_writer());
  CHECK(code_of(other->open_writer()) == error_code::store_unavailable);
  must(first->begin());
  must(first->take_over_shards("one", at(0)));
  must(first->commit());

  // The network takes the first one's connection; the second node is quicker to take over.
  const auto start = url.find("@/") + 2;
  const auto database = url.substr(start, url.find('?') - start);
  server.query("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = 'waybill' AND datname = '" +
               database + "'");
  auto second = must(other->open_writer());
  must(second->begin());
  must(second->take_over_shards("two", at(1)));
  must(second->commit());
  second.reset();
  const auto begun = first->begin();
  CHECK(code_of(begun) == error_code::store_unavailable);
  CHECK(begun.error().message.find("another node has taken the store over") != std::string::npos);
}
