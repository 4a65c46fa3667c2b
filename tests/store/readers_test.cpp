// SPDX-License-Identifier: Apache-2.0
#include "core/store/store_readers.hpp"

#include <atomic>
#include <future>

#include "core/store/store_writer.hpp"
#include "tests/store/store_fixture.hpp"

using namespace waybill::core;
using namespace waybill::core::test;

namespace {

std::unique_ptr<store> scratch_store(const scratch_folder& folder) {
  return must(open_store(engines().front().url(folder.path())));
}

}  // namespace

TEST_CASE("one reader works in the order it was asked") {
  scratch_folder folder;
  const auto where = scratch_store(folder);
  auto pool = must(store_readers::start(*where, 1));
  std::vector<int> order;
  std::promise<void> last;
  for (int i = 0; i < 50; ++i)
    pool->run([&, i](read_session* session) {
      order.push_back(session ? i : -1);
      if (i == 49) last.set_value();
    });
  last.get_future().wait();
  for (int i = 0; i < 50; ++i) CHECK(order[static_cast<std::size_t>(i)] == i);
}

TEST_CASE("what may wait makes way for what may not, but for one turn in nine") {
  scratch_folder folder;
  const auto where = scratch_store(folder);
  auto pool = must(store_readers::start(*where, 1));
  std::promise<void> begun, all_there, last;
  pool->run([&](read_session*) {
    begun.set_value();
    all_there.get_future().wait();
  });
  begun.get_future().wait();
  std::string order;
  const auto note = [&](char what) {
    return [&, what](read_session*) {
      order += what;
      if (order.size() == 22) last.set_value();
    };
  };
  for (int i = 0; i < 4; ++i) pool->run_later(note('l'));
  for (int i = 0; i < 18; ++i) pool->run(note('n'));
  CHECK(pool->waiting() == 22);
  all_there.set_value();
  last.get_future().wait();
  CHECK(order == "nnnnnnnnlnnnnnnnnlnnll");
}

TEST_CASE("several readers work at once beside a writer") {
  scratch_folder folder;
  const auto where = scratch_store(folder);
  system_clock time;
  store_writer writer(must(where->open_writer()), time, {});
  auto pool = must(store_readers::start(*where, 3));
  const auto o = make_organization("o");
  const auto d = make_destination(o.id);
  std::promise<void> made;
  writer.run(
      [&](write_session& w) -> result<void> {
        if (auto done = w.create_organization(o); !done) return done;
        return w.create_destination(d, {});
      },
      [&](const result<void>& done) {
        CHECK(done);
        made.set_value();
      });
  made.get_future().wait();
  constexpr int requests = 300;
  std::atomic<int> seen{0}, wrong{0};
  std::promise<void> all;
  for (int i = 0; i < requests; ++i) {
    const auto request = make_request(o.id, {{d.id}});
    writer.accept(request, [&, id = request.content->id](const result<accept_result>& accepted) {
      if (!accepted) ++wrong;
      pool->run([&, id](read_session* session) {
        if (!session || !session->get_delivery(o.id, id, true) || !session->list_deliveries(o.id, {}, {}) ||
            !session->whole_queue(at(0)))
          ++wrong;
        if (++seen == requests) all.set_value();
      });
    });
  }
  all.get_future().wait();
  writer.stop();  // its callbacks hand work to the pool
  CHECK(wrong == 0);
}

TEST_CASE("after a stop, work is called without a session so that it can answer") {
  scratch_folder folder;
  const auto where = scratch_store(folder);
  auto pool = must(store_readers::start(*where, 1));
  std::promise<void> begun, go_on;
  pool->run([&](read_session*) {
    begun.set_value();
    go_on.get_future().wait();
  });
  begun.get_future().wait();
  std::atomic<int> with{0}, without{0};
  for (int i = 0; i < 3; ++i) pool->run([&](read_session* session) { ++(session ? with : without); });
  CHECK(pool->waiting() == 3);
  auto stopped = std::async(std::launch::async, [&] { pool->stop(); });
  bool late_without = false;
  // Until the stop has taken hold the work may still be queued, and then the pool answers it without a session as well.
  go_on.set_value();
  stopped.wait();
  pool->run([&](read_session* session) { late_without = session == nullptr; });
  CHECK(late_without);
  CHECK(with + without == 3);
  CHECK(pool->waiting() == 0);
}
