// SPDX-License-Identifier: Apache-2.0
#include "target.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <waybill/transfer/hashing.hpp>

#include "uploader.hpp"
#include "verdict.hpp"

namespace waybill::sftp {
namespace {

using std::chrono::milliseconds;

// A thread is a session at work. So many are enough for a thousand files a second over slow lines, and few enough for a
// machine; a destination has at most 16 of them.
constexpr std::size_t most_threads = 128;
constexpr std::size_t most_in_a_group = 32;
constexpr std::uint64_t most_bytes_in_a_group = 2'097'152;
constexpr milliseconds abandon_patience{2'000};

clock::time_point at(std::int64_t deadline_ms) {
  if (deadline_ms == 0) return clock::now() + std::chrono::hours{24};
  return clock::now() + milliseconds{std::max<std::int64_t>(deadline_ms - sdk::monotonic_ms(), 0)};
}

bool fits(const pending_upload& item, std::size_t count, std::uint64_t bytes) {
  return count < most_in_a_group && is_small(item.what) && bytes + item.what.size() <= most_bytes_in_a_group;
}

std::string random_name() {
  std::array<std::uint8_t, 8> bytes{};
  if (!sdk::random_bytes(bytes.data(), bytes.size())) bytes.fill(0);
  return ".waybill-test-" + transfer::to_hex(std::string_view{reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

}  // namespace

transfer::lane_pool& plugin_lanes() {
  // Never destroyed: its threads are not joined.
  static auto* const lanes = new transfer::lane_pool{"sftp", most_threads};
  return *lanes;
}

target::target(config settings, sdk::handler_context host)
    : settings_(std::move(settings)),
      host_(host),
      book_(host),
      lane_(plugin_lanes().open(settings_.max_sessions)),
      sessions_(std::make_shared<transfer::idle_pool<session>>(plugin_lanes(), lane_, settings_.idle_timeout)) {
  secrets_.add(settings_.password);
  secrets_.add(settings_.passphrase);
  secrets_.add(settings_.private_key);
}

void target::upload(pending_uploads items, bool together) {
  for (const auto& item : items) calls_.enter(item.done.token());
  calls_.job_begins();
  {
    const std::lock_guard lock{mutex_};
    queue_.push_back({std::move(items), together});
  }
  auto job = [self = shared_from_this()] { self->serve(); };
  // Without a single thread to be had the work is done here, late rather than never.
  if (!plugin_lanes().run(lane_, job)) job();
}

void target::serve() {
  auto what = next_unit();
  if (!what.items.empty()) {
    auto run = std::make_shared<run_state>();
    std::vector<wb_token> tokens;
    for (const auto& item : what.items) tokens.push_back(item.done.token());
    calls_.begin(tokens, run);
    perform(what, *run);
  }
  what.items.clear();
  calls_.job_ends();
}

/// Small files that wait go together, as far as they fit.
target::unit target::next_unit() {
  const std::lock_guard lock{mutex_};
  unit out;
  std::uint64_t bytes = 0;
  while (!queue_.empty()) {
    auto& next = queue_.front();
    if (!out.items.empty() && (next.together || !fits(next.items.front(), out.items.size(), bytes))) break;
    const bool alone = next.together || !is_small(next.items.front().what);
    bytes += next.items.front().what.size();
    if (out.items.empty())
      out = std::move(next);
    else
      out.items.push_back(std::move(next.items.front()));
    queue_.pop_front();
    if (alone) break;
  }
  return out;
}

void target::perform(unit& what, run_state& run) {
  auto* const end = what.items.data() + what.items.size();
  session on;
  for (auto* first = what.items.data(); first != end;) {
    auto* last = first;
    std::uint64_t bytes = 0;
    std::size_t count = 0;
    for (; last != end && fits(*last, count, bytes); ++last, ++count) bytes += last->what.size();
    if (last == first) ++last;
    perform_group(first, last, on, run);
    // What is over is answered at once: a large batch need not wait for its end. The session goes back before the last.
    if (last == end && on) sessions_->give(std::move(on));
    for (; first != last; ++first) answer(*first);
  }
}

void target::perform_group(pending_upload* first, pending_upload* last, session& on, run_state& run) {
  auto deadline = clock::time_point::min();
  for (auto* item = first; item != last; ++item) {
    deadline = std::max(deadline, at(item->what.deadline_ms()));
    if (enter(*item)) continue;
    item->end(fail(trouble::network, "an earlier attempt of the same task has not ended yet"));
    item->plan.temporary.clear();  // the other's
  }
  const patience how_long{deadline, settings_.timeout, run.stop};
  const upload_tools tools{settings_, book_, [this](wb_token token) { return calls_.is_canceled(token); }};
  bool reused = on != nullptr;
  for (;;) {
    if (!on) {
      auto made = take_session(how_long, reused);
      if (!made) {
        for (auto* item = first; item != last; ++item) item->end(fail(made.error()));
        return;
      }
      on = std::move(*made);
    }
    on->begin();
    for (auto* item = first; item != last; ++item) item->facts.address = on->address();
    const auto how = uploader{*on, tools, how_long}.run(first, last);
    if (how) return;
    // A kept session that had died unseen costs a new connection, not an attempt.
    const bool again = reused && !on->answered() && how.error().what == trouble::network;
    if (how.error().what == trouble::canceled) abandon(first, last, *on);
    on.reset();
    if (again) continue;
    for (auto* item = first; item != last; ++item) item->end(fail(how.error()));
    return;
  }
}

/// What nobody waits for any more leaves nothing behind; but what has run out of time is gone on with by the next attempt.
void target::abandon(pending_upload* first, pending_upload* last, sftp_client& on) {
  const transfer::stop_signal never;
  const patience short_time{clock::now() + abandon_patience, abandon_patience, never};
  const upload_tools tools{settings_, book_, [](wb_token) { return false; }};
  for (auto* item = first; item != last; ++item) {
    if (item->over() || clock::now() >= at(item->what.deadline_ms())) continue;
    uploader{on, tools, short_time}.clean_up(*item);
    book_.erase(item->what.task_id());
  }
}

void target::answer(pending_upload& item) {
  auto r = judge(item, settings_, secrets_);
  sdk::tell_bytes_sent(host_, r.bytes_sent);
  const auto token = item.done.token();
  {
    const std::lock_guard lock{mutex_};
    under_way_.erase(item.plan.temporary);
  }
  item.what.reset();
  calls_.leave(token);
  item.done(r);
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
  const patience how_long{end, settings_.timeout, run->stop};
  const upload_tools tools{settings_, book_, [](wb_token) { return false; }};
  auto how = result<void>{};
  std::string address;
  if (calls_.is_canceled(done.token())) {
    how = fail(trouble::canceled, "canceled");
  } else if (auto made = connect(how_long); made) {
    address = (*made)->address();
    how = uploader{**made, tools, how_long}.test(settings_.path.fixed_folder(), random_name());
    if (how) sessions_->give(std::move(*made));
  } else {
    how = fail(made.error());
  }
  const auto r = judge_test(how, address, settings_, secrets_);
  calls_.leave(done.token());
  done(r);
}

result<target::session> target::connect(const patience& how_long) {
  const auto guard = [this](const std::uint8_t* address, std::uint32_t size, std::uint16_t port) {
    return host_.connect_allowed(address, size, port);
  };
  const patience to_connect{std::min(how_long.deadline, clock::now() + settings_.connect_timeout), settings_.connect_timeout,
                            how_long.stop};
  const auto offers = settings_.keys.offers(settings_.legacy_algorithms);
  std::size_t first = 0;
  {
    const std::lock_guard lock{mutex_};
    first = offer_;
  }
  failure why;
  for (std::size_t i = 0; i < offers.size(); ++i) {
    const auto which = (first + i) % offers.size();
    const auto began = clock::now();
    auto link = ssh_link::open(settings_, guard, offers[which], {to_connect.deadline, to_connect.stop});
    if (link) {
      {
        const std::lock_guard lock{mutex_};
        offer_ = which;
      }
      auto started = sftp_client::start(std::move(*link), to_connect);
      if (started) sdk::tell_opened(host_, clock::now() - began);
      return started;
    }
    // The first refusal says more than those of kinds of keys that the server may not even have.
    if (i == 0 || link.error().what != trouble::network) why = link.error();
    if (i == 0 && why.what != trouble::host_key) break;
    if (link.error().what != trouble::host_key && link.error().what != trouble::network) break;
  }
  return fail(std::move(why));
}

result<target::session> target::take_session(const patience& how_long, bool& reused) {
  while (auto one = sessions_->take()) {
    if (!one->turn()) continue;  // the server has closed it meanwhile
    reused = true;
    sdk::tell_reused(host_);
    return one;
  }
  reused = false;
  return connect(how_long);
}

bool target::enter(const pending_upload& item) {
  const std::lock_guard lock{mutex_};
  return under_way_.insert(item.plan.temporary).second;
}

void target::cancel(wb_token token) {
  if (calls_.cancel(token) != transfer::call_book::canceled_while::waiting) return;
  // In the queue, perhaps behind a session that hangs: it is answered now. Not there any more, its run will find out.
  pending_uploads waiting;
  {
    const std::lock_guard lock{mutex_};
    for (auto one = queue_.begin(); one != queue_.end() && waiting.empty(); ++one) {
      const auto item =
          std::find_if(one->items.begin(), one->items.end(), [&](const auto& each) { return each.done.token() == token; });
      if (item == one->items.end()) continue;
      waiting.push_back(std::move(*item));
      one->items.erase(item);
      if (one->items.empty()) {
        queue_.erase(one);
        break;
      }
    }
  }
  for (auto& item : waiting) {
    item.what.reset();
    calls_.leave(token);
    item.done(sdk::result::canceled());
  }
}

}  // namespace waybill::sftp
