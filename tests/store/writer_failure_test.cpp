// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <future>

#include "core/store/store_writer.hpp"
#include "tests/store/sqlite/limited_store.hpp"

using namespace waybill::core;
using namespace waybill::core::test;

namespace {

/// A writer whose disk is made full and has room again at the end of a batch, on the writer's thread.
struct failing_writer {
  explicit failing_writer(store_writer::options settings = {})
      : disk((folder.path() / "store.db").string()), writer(disk.take_writer(), time, settings, [this] { on_batch_end(); }) {}

  void on_batch_end() {
    ++batches;
    switch (wish.exchange(change::none)) {
      case change::fill:
        disk.limit(0);
        break;
      case change::lift:
        disk.lift();
        break;
      case change::none:
        break;
    }
  }
  new_delivery request() const {
    return make_request(disk.org.id, {{disk.hook.id}, at(0), 5, 1, {}, std::string(40'000, 'x')});
  }
  result<accept_result> accept(const new_delivery& one) {
    std::promise<result<accept_result>> answer;
    writer.accept(one, [&](result<accept_result> r) { answer.set_value(std::move(r)); });
    return answer.get_future().get();
  }
  /// An attempt whose record needs new pages, so that a full disk refuses it.
  static attempt_record large_outcome(const new_delivery& of) {
    auto outcome = make_outcome(of.tasks[0]);
    outcome.made.result.response.assign(60'000, 'r');
    return outcome;
  }
  void fill() {
    wish = change::fill;
    must(accept(make_request(disk.org.id, {{disk.hook.id}})));
    // The wish is granted after that callback; an empty job is the next batch, so when it has run the disk is full.
    std::promise<void> done;
    writer.run([](write_session&) -> result<void> { return {}; }, [&](const result<void>&) { done.set_value(); });
    done.get_future().wait();
  }

  enum class change { none, fill, lift };
  scratch_folder folder;
  system_clock time;
  std::atomic<change> wish{change::none};
  std::atomic<int> batches{0};
  limited_store disk;
  store_writer writer;
};

}  // namespace

TEST_CASE("accepts and jobs of a transaction that fails are told, and the writer says it is not well") {
  failing_writer w;
  w.fill();
  const auto refused = w.accept(w.request());
  CHECK(code_of(refused) == error_code::store_unavailable);
  CHECK(refused.error().retry_after);
  CHECK_FALSE(w.writer.healthy());
  CHECK(w.writer.stats().failed_commits > 0);
  w.wish = failing_writer::change::lift;
  static_cast<void>(w.accept(w.request()));  // the wish is granted at the end of this batch at the latest
  CHECK(w.accept(w.request()));
  CHECK(w.writer.healthy());
}

TEST_CASE("a bulk job that the store has no room for is told") {
  failing_writer w;
  w.fill();
  std::promise<result<void>> answer;
  w.writer.run_bulk(
      [&](write_session& session) { return session.put_handler_state(w.disk.hook.id, "large", std::string(60'000, 'x')); },
      [&](result<void> r) { answer.set_value(std::move(r)); });
  CHECK(code_of(answer.get_future().get()) == error_code::store_unavailable);
}

TEST_CASE("records are kept while the store fails and written when it is back") {
  failing_writer w;
  const auto request = w.request();
  must(w.accept(request));
  w.fill();
  std::promise<result<record_result>> answer;
  w.writer.record(failing_writer::large_outcome(request), [&](result<record_result> r) { answer.set_value(std::move(r)); });
  auto recorded = answer.get_future();
  // An accept that fails shows that a batch with the record in it has failed too.
  CHECK(code_of(w.accept(w.request())) == error_code::store_unavailable);
  CHECK(w.writer.stats().failed_commits > 0);
  w.wish = failing_writer::change::lift;
  CHECK(recorded.get() == record_result::recorded);
  CHECK(w.accept(w.request()));
  w.writer.stop();
  CHECK(w.writer.stats().waiting == 0);
}

TEST_CASE("a stop does not wait for ever for a store that stays away") {
  store_writer::options settings;
  settings.stop_patience = milliseconds{40};
  failing_writer w(settings);
  const auto request = w.request();
  must(w.accept(request));
  w.fill();
  std::promise<result<record_result>> answer;
  w.writer.record(failing_writer::large_outcome(request), [&](result<record_result> r) { answer.set_value(std::move(r)); });
  w.writer.stop();
  CHECK(code_of(answer.get_future().get()) == error_code::store_unavailable);
}
