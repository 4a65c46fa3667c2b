// SPDX-License-Identifier: Apache-2.0
#include "loop.hpp"

#include <algorithm>
#include <utility>

namespace waybill::transfer {
namespace {

constexpr int most_starts = 32;  // in one go: less than a millisecond
constexpr std::chrono::seconds tidy_interval{10};
constexpr std::chrono::seconds handles_kept{30};  // idle ones

[[nodiscard]] outcome canceled(const char* why) {
  outcome what;
  what.how = ending::canceled;
  what.detail = why;
  return what;
}

}  // namespace

loop::loop(const reactor_options& options, runner offload, runner post)
    : offload_(std::move(offload)), post_(std::move(post)), multi_(curl_multi_init()), pool_(*this, options.max_idle_handles) {
  curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &on_socket);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &on_timer);
  curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, options.max_idle_connections);
}

// Connections are closed here, so the sockets must still be there: sockets_ is destroyed after this body.
loop::~loop() { curl_multi_cleanup(multi_); }

void loop::start(std::unique_ptr<exchange> what) {
  outcome failed;
  failed.detail = "the request cannot be set up";
  auto live = pool_.take(what->to().id());
  if (live->easy() == nullptr) {
    auto* const self = what.get();
    self->finished(std::move(what), failed);
    return;
  }
  const auto id = what->id;
  const auto feed = what->body.source ? ++last_feed_ : 0;
  auto source = feed == 0 ? nullptr : feed_for(*what, feed);
  if (!live->start(std::move(what), std::move(source)) || curl_multi_add_handle(multi_, live->easy()) != CURLM_OK) {
    finish(std::move(live), failed);
    return;
  }
  live->place = under_way_.size();
  live->feed_id = feed;
  if (id != 0) by_id_.insert_or_assign(id, live.get());
  if (feed != 0) by_feed_.emplace(feed, live.get());
  under_way_.push_back(std::move(live));
}

std::shared_ptr<body_feed> loop::feed_for(const exchange& what, std::uint64_t feed) {
  return std::make_shared<body_feed>(what.body.source, offload_, [this, feed] { post_([this, feed] { resume(feed); }); });
}

void loop::resume(std::uint64_t feed) {
  const auto found = by_feed_.find(feed);
  if (found != by_feed_.end()) found->second->resume();
}

void loop::start_some() {
  for (int started = 0; started < most_starts && !in_line_.empty(); ++started) {
    auto next = std::move(in_line_.front());
    in_line_.pop_front();
    start(std::move(next));
  }
}

std::unique_ptr<exchange> loop::take_from_line(std::uint64_t id) {
  const auto found = std::find_if(in_line_.begin(), in_line_.end(), [&](const auto& one) { return one->id == id; });
  if (id == 0 || found == in_line_.end()) return nullptr;
  auto what = std::move(*found);
  in_line_.erase(found);
  return what;
}

void loop::cancel(std::uint64_t id) {
  const auto found = by_id_.find(id);
  if (found != by_id_.end()) return finish(take_out(found->second), canceled("canceled"));
  auto waiting = take_from_line(id);
  if (!waiting) return;
  auto* const self = waiting.get();
  self->finished(std::move(waiting), canceled("canceled"));
}

void loop::cancel_all() {
  const auto why = canceled("shutting down");
  while (!under_way_.empty()) finish(take_out(under_way_.back().get()), why);
  for (auto& waiting : std::exchange(in_line_, {})) {
    auto* const self = waiting.get();
    self->finished(std::move(waiting), why);
  }
}

std::unique_ptr<live_exchange> loop::take_out(live_exchange* live) {
  curl_multi_remove_handle(multi_, live->easy());
  if (live->current().id != 0) by_id_.erase(live->current().id);
  if (live->feed_id != 0) by_feed_.erase(live->feed_id);
  auto out = std::move(under_way_[live->place]);
  if (live->place + 1 != under_way_.size()) {
    under_way_[live->place] = std::move(under_way_.back());
    under_way_[live->place]->place = live->place;
  }
  under_way_.pop_back();
  return out;
}

// The views of `what` lie in the handle, so it goes back to the pool only afterwards.
void loop::finish(std::unique_ptr<live_exchange> live, const outcome& what) {
  auto done = live->release();
  auto* const self = done.get();
  self->finished(std::move(done), what);
  pool_.give_back(std::move(live), now_);
}

void loop::work() {
  now_ = clock::now();
  if (tidy_at_ <= now_) tidy();
  if (timer_ <= now_) {
    timer_ = clock::time_point::max();
    int running = 0;
    curl_multi_socket_action(multi_, CURL_SOCKET_TIMEOUT, 0, &running);
  }
  end_finished();
}

void loop::tidy() {
  tidy_at_ = now_ + tidy_interval;
  pool_.forget_idle_since(now_ - handles_kept);
}

void loop::end_finished() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const auto verdict = message->data.result;  // gone once the handle is removed
    char* pointer = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &pointer);
    auto live = take_out(reinterpret_cast<live_exchange*>(pointer));
    const auto what = live->end(verdict);
    tally_.add(live->easy(), live->current().to().options().host);
    finish(std::move(live), what);
  }
}

int loop::wait_ms() const {
  const auto next = std::min(tally_.due(), pool_.size() == 0 ? timer_ : std::min(timer_, tidy_at_));
  if (next == clock::time_point::max()) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - clock::now()).count();
  return static_cast<int>(std::clamp<decltype(left)>(left, 0, 60'000));
}

void loop::wait(bool may_block) {
  tally_.tell(now_, under_way_.empty() ? tally::when::now : tally::when::due);
  sockets_.wait(may_block ? wait_ms() : 0, [this](curl_socket_t socket, int what) {
    int running = 0;
    curl_multi_socket_action(multi_, socket, what, &running);
  });
  end_finished();
}

int loop::on_socket(CURL*, curl_socket_t socket, int what, void* self, void*) {
  static_cast<loop*>(self)->sockets_.want(socket, what);
  return 0;
}

int loop::on_timer(CURLM*, long timeout_ms, void* self) {
  auto& timer = static_cast<loop*>(self)->timer_;
  timer = timeout_ms < 0 ? clock::time_point::max() : clock::now() + std::chrono::milliseconds{timeout_ms};
  return 0;
}

}  // namespace waybill::transfer
