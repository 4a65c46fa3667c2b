// SPDX-License-Identifier: Apache-2.0
#include "call.hpp"

#include <algorithm>
#include <atomic>
#include <utility>

namespace waybill::storage {
namespace {

[[nodiscard]] transfer::reactor_options reactor_settings() {
  transfer::reactor_options options;
  options.thread_name = "wb-storage";
  return options;
}

[[nodiscard]] std::uint64_t next_id() {
  static std::atomic<std::uint64_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

}  // namespace

transfer::reactor& plugin_reactor() {
  static auto* const reactor = new transfer::reactor{reactor_settings()};
  return *reactor;
}

/// One request of a call. Keeps the call, and with it whoever waits for it, until it is answered.
class call::exchange final : public transfer::exchange {
public:
  exchange(transfer::endpoint_ptr to, std::shared_ptr<call> of, answered then)
      : transfer::exchange(std::move(to)), call_(std::move(of)), then_(std::move(then)) {
    id = next_id();
  }

  // A callback that throws drops what it holds: a completion among it answers for itself.
  void finished(std::unique_ptr<transfer::exchange>, const transfer::outcome& what) noexcept override {
    call_->ended(id);
    try {
      std::exchange(then_, {})(*this, what);
    } catch (...) {}
  }

  // A body that streams may take as long as it moves.
  void prepare(CURL* easy) noexcept override {
    if (!body.source) return;
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(call_->timeout_).count();
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, static_cast<long>(seconds));
  }
  void undo(CURL* easy) noexcept override {
    if (!body.source) return;
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 0L);
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, 0L);
  }

private:
  std::shared_ptr<call> call_;
  answered then_;
};

void call::send(std::shared_ptr<call> self, transfer::endpoint_ptr to, request what, answered then) {
  send(std::move(self), std::move(to), std::move(what), nullptr, std::move(then));
}

void call::send(std::shared_ptr<call> self, transfer::endpoint_ptr to, request what, const finisher& finish, answered then) {
  auto& own = *self;
  auto one = std::make_unique<exchange>(std::move(to), self, std::move(then));
  one->method = std::move(what.method);
  one->url = std::move(what.url);
  one->headers = std::move(what.headers);
  one->body = std::move(what.body);
  one->deadline = one->body.source ? own.deadline_ : std::min(own.deadline_, clock::now() + own.timeout_);
  if (finish) finish(*one);
  {
    // Under the lock, so that cancel finds it either not begun or known to the reactor.
    const std::lock_guard lock{own.mutex_};
    if (!own.canceled_) {
      own.under_way_.push_back(one->id);
      plugin_reactor().submit(std::move(one));
      return;
    }
  }
  transfer::outcome canceled;
  canceled.how = transfer::ending::canceled;
  canceled.detail = "canceled";
  auto* const last = one.get();
  last->finished(std::move(one), canceled);
}

void call::cancel() {
  const std::lock_guard lock{mutex_};
  canceled_ = true;
  for (const auto id : under_way_) plugin_reactor().cancel(id);
}

void call::suspend() {
  {
    const std::lock_guard lock{mutex_};
    suspended_ = true;
  }
  cancel();
}

bool call::suspended() const {
  const std::lock_guard lock{mutex_};
  return suspended_;
}

bool call::canceled() const {
  const std::lock_guard lock{mutex_};
  return canceled_;
}

void call::ended(std::uint64_t id) {
  const std::lock_guard lock{mutex_};
  under_way_.erase(std::remove(under_way_.begin(), under_way_.end(), id), under_way_.end());
}

}  // namespace waybill::storage
