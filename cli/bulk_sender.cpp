// SPDX-License-Identifier: Apache-2.0
#include "cli/bulk_sender.hpp"

#include <algorithm>
#include <cstdlib>

namespace waybill::cli {
namespace {

constexpr std::chrono::milliseconds first_pause{200};
constexpr std::chrono::milliseconds longest_pause{30'000};

bool may_be_tried_again(const http_answer& answer) {
  return answer.status == 0 || answer.status == 429 || answer.status == 503;
}

/// Retry-After in seconds if the node gave one, otherwise 200 ms doubling; never over half a minute.
std::chrono::milliseconds pause_before_next(const http_answer& answer, int tries) {
  const auto given = answer.headers.find("retry-after");
  if (given != answer.headers.end()) {
    const auto seconds = std::strtol(given->second.c_str(), nullptr, 10);
    if (seconds > 0) return std::min(longest_pause, std::chrono::milliseconds{std::min(seconds, 30L) * 1'000});
  }
  return std::min(longest_pause, first_pause * (1 << std::min(tries - 1, 10)));
}

}  // namespace

/// One connection's worth: its exchange and the item on it.
struct bulk_sender::lane {
  http_exchange exchange;
  std::optional<bulk_item> item;
};

bulk_sender::bulk_sender(const rest_client& rest, std::size_t connections, int max_tries)
    : rest_(rest), max_tries_(max_tries), multi_(curl_multi_init()) {
  for (std::size_t i = 0; i < connections; ++i) lanes_.push_back(std::make_unique<lane>());
}

bulk_sender::~bulk_sender() {
  for (auto& l : lanes_)
    if (l->item) curl_multi_remove_handle(multi_.get(), l->exchange.handle());
}

void bulk_sender::run(const source& next, const sink& done) {
  exhausted_ = false;
  for (fill(next); !is_idle(); fill(next)) {
    int running = 0;
    curl_multi_perform(multi_.get(), &running);
    collect(done);
    if (is_idle() && exhausted_) break;
    curl_multi_poll(multi_.get(), nullptr, 0, milliseconds_to_wait(), nullptr);
  }
}

void bulk_sender::fill(const source& next) {
  for (auto& l : lanes_) {
    if (l->item) continue;
    l->item = take(next);
    if (!l->item) return;
    ++l->item->tries;
    l->exchange.prepare(l->item->request);
    curl_easy_setopt(l->exchange.handle(), CURLOPT_PRIVATE, l.get());
    curl_multi_add_handle(multi_.get(), l->exchange.handle());
  }
}

/// What waited long enough goes before what is new.
std::optional<bulk_item> bulk_sender::take(const source& next) {
  const auto ready =
      std::find_if(waiting_.begin(), waiting_.end(), [now = clock::now()](const auto& w) { return w.when <= now; });
  if (ready != waiting_.end()) {
    auto item = std::move(ready->item);
    waiting_.erase(ready);
    return item;
  }
  if (exhausted_) return std::nullopt;
  auto item = next();
  exhausted_ = !item;
  return item;
}

void bulk_sender::collect(const sink& done) {
  int left = 0;
  while (const auto* message = curl_multi_info_read(multi_.get(), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    auto* handle = message->easy_handle;
    const auto code = message->data.result;
    char* owner = nullptr;
    curl_easy_getinfo(handle, CURLINFO_PRIVATE, &owner);
    auto& l = *reinterpret_cast<lane*>(owner);
    auto answer = l.exchange.finish(code);
    curl_multi_remove_handle(multi_.get(), handle);  // `message` is gone from here on
    auto item = std::move(*l.item);
    l.item.reset();
    if (may_be_tried_again(answer) && item.tries < max_tries_) {
      const auto when = clock::now() + pause_before_next(answer, item.tries);
      waiting_.push_back({when, std::move(item)});
    } else {
      done(item, rest_.interpret(std::move(answer)));
    }
  }
}

bool bulk_sender::is_idle() const {
  return waiting_.empty() && std::none_of(lanes_.begin(), lanes_.end(), [](const auto& l) { return l->item.has_value(); });
}

int bulk_sender::milliseconds_to_wait() const {
  auto wait = std::chrono::milliseconds{1'000};
  for (const auto& w : waiting_)
    wait = std::min(
        wait, std::chrono::duration_cast<std::chrono::milliseconds>(w.when - clock::now()) + std::chrono::milliseconds{1});
  return static_cast<int>(std::max(wait, std::chrono::milliseconds{0}).count());
}

}  // namespace waybill::cli
