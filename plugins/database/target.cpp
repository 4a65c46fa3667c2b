// SPDX-License-Identifier: Apache-2.0
#include "target.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include <waybill/transfer/dialer.hpp>

#include "inserter.hpp"
#include "verdict.hpp"

namespace waybill::database {
namespace {

using std::chrono::milliseconds;

// A thread is a connection at work; a destination has at most 16 of them.
constexpr std::size_t most_threads = 128;
constexpr std::size_t most_rows_together = 200;
constexpr std::uint64_t most_bytes_together = 1'048'576;

clock::time_point at(std::int64_t deadline_ms) {
  if (deadline_ms == 0) return clock::now() + std::chrono::hours{24};
  return clock::now() + milliseconds{std::max<std::int64_t>(deadline_ms - sdk::monotonic_ms(), 0)};
}

std::uint64_t size_of(const pending_rows& rows) {
  std::uint64_t out = 0;
  for (const auto& row : rows) out += row.what.size();
  return out;
}

/// The payload, in memory for as long as the row needs it.
result<std::string> read_whole(const sdk::delivery& what) {
  std::string out(static_cast<std::size_t>(what.size()), '\0');
  for (std::uint64_t done = 0; done < what.size();) {
    std::uint64_t size = std::min<std::uint64_t>(what.size() - done, 1'048'576);
    const auto status = what.read(done, reinterpret_cast<std::uint8_t*>(out.data()) + done, size);
    if (status != WB_OK || size == 0) return fail(trouble::content, "the content could not be read");
    done += size;
  }
  return out;
}

}  // namespace

transfer::lane_pool& plugin_lanes() {
  // Never destroyed: its threads are not joined.
  static auto* const lanes = new transfer::lane_pool{"database", most_threads};
  return *lanes;
}

target::target(config settings, sdk::handler_context host)
    : settings_(std::move(settings)),
      host_(host),
      lane_(plugin_lanes().open(settings_.max_connections)),
      cancels_(plugin_lanes().open(2)),
      sessions_(std::make_shared<transfer::idle_pool<session>>(plugin_lanes(), lane_, settings_.idle_timeout)) {
  secrets_.add(settings_.server.password);
  secrets_.add(settings_.server.tls.client_key_pem);
  secrets_.add(settings_.server.tls.client_key_password);
}

void target::insert(pending_rows rows) {
  for (const auto& row : rows) calls_.enter(row.done.token());
  calls_.job_begins();
  {
    const std::lock_guard lock{mutex_};
    queue_.push_back(std::move(rows));
  }
  auto job = [self = shared_from_this()] { self->serve(); };
  // Without a single thread to be had the work is done here, late rather than never.
  if (!plugin_lanes().run(lane_, job)) job();
}

void target::serve() {
  auto rows = next_rows();
  if (!rows.empty()) {
    auto run = std::make_shared<run_state>();
    std::vector<wb_token> tokens;
    for (const auto& row : rows) tokens.push_back(row.done.token());
    calls_.begin(tokens, run);
    perform(rows.data(), rows.data() + rows.size(), *run);
    rows.clear();
  }
  calls_.job_ends();
}

/// Rows that wait go together, as far as they fit; what came together stays so.
pending_rows target::next_rows() {
  const std::lock_guard lock{mutex_};
  pending_rows out;
  std::uint64_t bytes = 0;
  while (!queue_.empty()) {
    auto& next = queue_.front();
    bytes += size_of(next);
    if (!out.empty() && (out.size() + next.size() > most_rows_together || bytes > most_bytes_together)) break;
    if (out.empty())
      out = std::move(next);
    else
      std::move(next.begin(), next.end(), std::back_inserter(out));
    queue_.pop_front();
  }
  return out;
}

void target::perform(pending_row* first, pending_row* last, run_state& run) {
  auto deadline = clock::time_point::min();
  for (auto* row = first; row != last; ++row) deadline = std::max(deadline, at(row->what.deadline_ms()));
  bool reused = false;
  session on;
  // In statements of about a megabyte, so that of a large batch only so much is in memory twice.
  for (auto* from = first; from != last;) {
    auto* to = from;
    std::uint64_t bytes = 0;
    for (; to != last && (to == from || bytes + to->what.size() <= most_bytes_together); ++to) {
      bytes += to->what.size();
      make_values(*to);
    }
    for (;;) {
      if (!on) {
        auto made = take_session(deadline, run.stop, reused);
        if (!made) {
          for (auto* row = from; row != last; ++row) row->end(fail(made.error()));
          to = last;
          break;
        }
        on = std::move(*made);
      }
      on->begin();
      for (auto* row = from; row != to; ++row) row->address = on->address();
      const auto how = inserter{*on, settings_, deadline, run.stop}.run(from, to);
      if (how) break;
      if (how.error().what != trouble::network) ask_to_give_up(*on);
      // A kept connection that had died unseen costs a new one, not an attempt. That the row may be in all the same is no harm.
      const bool again = reused && !on->answered() && how.error().what == trouble::network;
      on.reset();
      if (again) continue;
      for (auto* row = from; row != to; ++row) row->end(fail(how.error()));
      break;
    }
    if (to == last && on) sessions_->give(std::move(on));
    for (; from != to; ++from) answer(*from);
  }
}

void target::make_values(pending_row& row) const {
  if (row.over()) return;
  if (row.what.size() > settings_.max_payload)
    return row.end(
        fail(trouble::value, "the payload is larger than maxPayloadBytes, " + std::to_string(settings_.max_payload)));
  std::string whole;
  if (!row.what.in_memory()) {
    auto read = read_whole(row.what);
    if (!read) return row.end(fail(read.error()));
    whole = std::move(*read);
  }
  std::string why;
  auto values = settings_.table.values.row(row.what, row.what.in_memory() ? row.what.content() : std::string_view{whole}, why);
  if (!values) return row.end(fail(trouble::value, std::move(why)));
  row.values = std::move(*values);
}

/// The server would go on with a statement that nobody waits for, and hold its locks.
void target::ask_to_give_up(const pg_link& on) {
  // A std::function must be copyable.
  const std::shared_ptr<PGcancel> handle{on.canceler().release(), cancel_free{}};
  if (!handle) return;
  static_cast<void>(plugin_lanes().run(cancels_, [handle] {
    std::array<char, 256> why{};
    // Best effort: the row's idempotency key makes up for a statement that was through already.
    static_cast<void>(PQcancel(handle.get(), why.data(), static_cast<int>(why.size())));
  }));
}

void target::answer(pending_row& row) {
  if (!row.over()) row.end(fail(trouble::network, "the row was not inserted"));
  const auto r = judge(row, settings_, secrets_);
  sdk::tell_bytes_sent(host_, r.bytes_sent);
  const auto token = row.done.token();
  row.what.reset();
  row.values.clear();
  calls_.leave(token);
  row.done(r);
}

void target::test(std::int64_t deadline_ms, sdk::completion done) {
  calls_.enter(done.token());
  calls_.job_begins();
  // A std::function must be copyable, and a completion is not.
  auto held = std::make_shared<sdk::completion>(std::move(done));
  auto job = [self = shared_from_this(), held, deadline_ms] {
    self->run_test(deadline_ms, *held);
    self->calls_.job_ends();
  };
  if (!plugin_lanes().run(lane_, job)) job();
}

void target::run_test(std::int64_t deadline_ms, sdk::completion& done) {
  const auto run = std::make_shared<run_state>();
  calls_.begin({done.token()}, run);
  const auto end = at(deadline_ms);
  auto how = result<void>{};
  std::string address;
  auto made = connect(end, run->stop);
  if (made) {
    address = (*made)->address();
    how = inserter{**made, settings_, end, run->stop}.test();
    if (how) sessions_->give(std::move(*made));
  } else {
    how = fail(made.error());
  }
  const auto r = judge_test(how, address, settings_, secrets_);
  calls_.leave(done.token());
  done(r);
}

result<target::session> target::connect(clock::time_point deadline, const transfer::stop_signal& stop) {
  const auto guard = [this](const std::uint8_t* address, std::uint32_t size, std::uint16_t port) {
    return host_.connect_allowed(address, size, port);
  };
  if (stop.stopped()) return fail(trouble::canceled, "canceled");
  const auto found = transfer::resolve(settings_.server.host, settings_.server.port, guard);
  if (found.how == transfer::dial_ending::guard_refused) return fail(trouble::guard, found.detail);
  if (found.addresses.empty()) return fail(trouble::network, found.detail);
  const limits until{std::min(deadline, clock::now() + settings_.connect_timeout), stop};
  failure why;
  for (const auto& address : found.addresses) {
    const auto began = clock::now();
    auto made = pg_link::open(settings_.server, address, until);
    if (made) {
      sdk::tell_opened(host_, clock::now() - began);
      return made;
    }
    why = made.error();
    if (why.what != trouble::network) break;
  }
  return fail(std::move(why));
}

result<target::session> target::take_session(clock::time_point deadline, const transfer::stop_signal& stop, bool& reused) {
  while (auto one = sessions_->take()) {
    if (!one->is_alive()) continue;
    reused = true;
    sdk::tell_reused(host_);
    return one;
  }
  reused = false;
  return connect(deadline, stop);
}

void target::cancel(wb_token token) {
  if (calls_.cancel(token) != transfer::call_book::canceled_while::waiting) return;
  // In the queue, perhaps behind a connection that hangs: it is answered now. Not there any more, its run will find out.
  pending_rows waiting;
  {
    const std::lock_guard lock{mutex_};
    for (auto one = queue_.begin(); one != queue_.end() && waiting.empty(); ++one) {
      const auto row = std::find_if(one->begin(), one->end(), [&](const auto& each) { return each.done.token() == token; });
      if (row == one->end()) continue;
      waiting.push_back(std::move(*row));
      one->erase(row);
      if (one->empty()) {
        queue_.erase(one);
        break;
      }
    }
  }
  for (auto& row : waiting) {
    row.what.reset();
    calls_.leave(token);
    row.done(sdk::result::canceled());
  }
}

}  // namespace waybill::database
