// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "api/exchange.hpp"
#include "api/http_response.hpp"
#include "core/model/once.hpp"

namespace waybill::api {

/// The idempotency keys whose first request is still under way on this node. In memory only: what a kill interrupts is not
/// under way any more. Thread-safe.
class keys_under_way {
public:
  /// Holds a key until it is released or goes away.
  class hold {
  public:
    hold(std::shared_ptr<keys_under_way> keys, std::string name) : keys_(std::move(keys)), name_(std::move(name)) {}
    ~hold() { release(); }
    hold(const hold&) = delete;
    hold& operator=(const hold&) = delete;
    void release();  ///< once, by one thread at a time: the exchange's lane, or whoever drops the last reply

  private:
    std::shared_ptr<keys_under_way> keys_;  ///< shared with the server, whose end a reply on its way may outlive
    std::string name_;                      ///< empty once released
  };

  /// Null if it is held already.
  [[nodiscard]] static std::shared_ptr<hold> take(const std::shared_ptr<keys_under_way>& keys, std::string name);

private:
  std::mutex mutex_;
  std::unordered_set<std::string> names_;
};

/// What a request with an idempotency key holds on to until it is answered.
struct once_request {
  std::shared_ptr<core::once_call> call;
  std::shared_ptr<keys_under_way::hold> hold;
};

/// Reads the Idempotency-Key of a request. Both null where none was sent; validation_error for what is no key;
/// idempotency_in_progress while another request with it is under way.
[[nodiscard]] core::result<once_request> claim_once(exchange& x);
[[nodiscard]] core::kept_answer kept_from(const http_response& response);
[[nodiscard]] http_response replayed(core::kept_answer answer);

/// Answers a request that makes something, and a repetition of it (same key, same body) with the first answer.
/// `render(exchange&, const T&)` makes the response; it is also run on the store writer's thread, and so may read only what
/// does not change in an exchange: the caller and the server's options. `ask(exchange&, const core::caller&, core::reply<T>)`
/// asks the service.
template <class T, class Render, class Ask>
void answer_once(exchange& x, Render render, Ask ask) {
  auto once = claim_once(x);
  if (!once) return x.answer(once.error());
  if (!once->call) return ask(x, x.caller, x.respond<T>(render));
  auto& call = *once->call;
  const auto hold = once->hold;
  call.render = [self = x.shared_from_this(), render](const void* made) {
    return kept_from(render(*self, *static_cast<const T*>(made)));
  };
  call.replay = x.on_reply<core::kept_answer>([hold](exchange& y, core::result<core::kept_answer> earlier) {
    hold->release();
    y.answer(replayed(std::move(*earlier)));
  });
  auto reply = x.on_reply<T>([hold, render](exchange& y, core::result<T> made) {
    hold->release();  // before the answer: whoever has it may ask again at once
    if (!made) return y.answer(made.error());
    y.answer(render(y, *made));
  });
  using earlier_answer = std::optional<core::kept_answer>;
  x.service().find_answer(x.caller, call.claim,
                          x.on_reply<earlier_answer>([once = *std::move(once), ask = std::move(ask), reply = std::move(reply)](
                                                         exchange& y, core::result<earlier_answer> found) mutable {
                            if (!found || *found) once.hold->release();
                            if (!found) return y.answer(found.error());
                            if (*found) return y.answer(replayed(**std::move(found)));
                            auto who = y.caller;
                            who.once = std::move(once.call);
                            ask(y, who, std::move(reply));
                          }));
}

}  // namespace waybill::api
