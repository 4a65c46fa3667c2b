// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <type_traits>
#include <utility>

#include "api/api_context.hpp"
#include "api/http_request.hpp"
#include "api/http_response.hpp"
#include "api/outbox.hpp"
#include "core/model/caller.hpp"
#include "core/model/error.hpp"

#include <nlohmann/json.hpp>

namespace waybill::api {

class pending_requests;
struct route;

/// Part of a request's body, in order.
struct body_piece {
  std::string bytes;
  bool last = false;
};
using body_receiver = std::function<void(body_piece)>;

/// The body of an answer that is not held in memory, piece by piece. Dropped before its last piece, the connection ends, so
/// that the client sees that something is missing. The lane's thread only.
class answer_stream {
public:
  virtual ~answer_stream() = default;
  /// `size` bytes of `piece` from `from` on. `written` on the lane's thread: the client's end has taken them (true), or the
  /// connection is gone.
  virtual void write(std::shared_ptr<const std::string> piece, std::size_t from, std::size_t size, bool last,
                     std::function<void(bool)> written) = 0;
};

/// One request and the one answer it gets. Made by a lane per request, passed to the dispatcher and from there to the handler
/// of the route, kept by the replies the handler gives to the service, done when it is answered. Lives on its lane's thread:
/// replies may come from any thread, and are brought here before anything of the exchange is touched.
class exchange : public std::enable_shared_from_this<exchange> {
public:
  exchange(api_context& context, pending_requests& pending, std::shared_ptr<outbox> lane_outbox);
  virtual ~exchange() = default;
  exchange(const exchange&) = delete;
  exchange& operator=(const exchange&) = delete;

  http_request request;
  core::caller caller;  ///< proved by the dispatcher on routes that need a key
  const route* matched = nullptr;
  std::array<std::string, 2> parameters;  ///< of the path, in order, decoded
  query_parameters query;
  std::string request_id;
  std::string traceparent;
  std::string extra_headers;  ///< of every answer to this request: RateLimit-*

  /// A reply that runs `f(exchange&, core::result<T>)` on the lane's thread, unless the request was answered before.
  template <class T, class F>
  [[nodiscard]] core::reply<T> on_reply(F f) {
    return [self = shared_from_this(), f = std::move(f)](core::result<T> r) mutable {
      if (!self) return;  // called a second time
      auto& x = *self;
      x.bring(std::make_unique<reply_task<T, F>>(std::move(self), std::move(f), std::move(r)));
    };
  }
  /// A reply that runs `f(core::result<T>)` on the lane's thread, also when the request was answered before.
  template <class T, class F>
  [[nodiscard]] core::reply<T> on_late_reply(F f) {
    return [self = shared_from_this(), f = std::move(f)](core::result<T> r) mutable {
      self->bring(std::make_unique<late_task<T, F>>(std::move(f), std::move(r)));
    };
  }
  /// A reply that answers with `render(exchange&, T&)` (without T for void), or with the problem.
  template <class T, class Render>
  [[nodiscard]] core::reply<T> respond(Render render) {
    return on_reply<T>([render = std::move(render)](exchange& x, core::result<T> r) mutable {
      if (!r) {
        x.answer(r.error());
      } else if constexpr (std::is_void_v<T>) {
        x.answer(render(x));
      } else {
        x.answer(render(x, *r));
      }
    });
  }

  /// Calls `next` on the lane's thread with the next piece of the body; where it is not in memory, once so much has come as is
  /// worth storing. One at a time; never called if the client is gone.
  virtual void read_body(body_receiver next);

  /// Answers with a body of `size` bytes that is to be written piece by piece.
  [[nodiscard]] std::shared_ptr<answer_stream> begin_answer(http_response head, std::uint64_t size);

  void answer(http_response response);
  void answer(const core::error& error);

  /// The path parameter as an id of that kind; nothing if it is none.
  template <class Id>
  [[nodiscard]] std::optional<Id> path_id(std::size_t index) const {
    return Id::parse(parameters[index]);
  }
  /// The body as JSON under the reader's rules (json_reader.hpp), an empty one as an empty object. malformed_request.
  [[nodiscard]] core::result<nlohmann::json> json_body() const;
  /// "<public url>/<path>"
  [[nodiscard]] std::string link(std::string_view path) const;

  [[nodiscard]] api_context& context() const { return context_; }
  [[nodiscard]] core::delivery_service& service() const { return context_.service; }
  [[nodiscard]] bool answered() const { return answered_; }
  /// May this caller read the texts that are meant for operators? (style: two texts)
  [[nodiscard]] bool sees_operator_text() const;
  [[nodiscard]] core::mono_time started() const { return started_; }

  /// Runs `f` unless the request is answered; what it throws becomes a 500.
  template <class F>
  void guarded(F&& f) {
    if (answered_) return;
    try {
      f();
    } catch (const std::exception& e) {
      failed(e.what());
    }
  }

protected:
  /// Sends the head of an answer and gives what writes the rest.
  [[nodiscard]] virtual std::shared_ptr<answer_stream> open_stream(std::string head, bool keep_alive) = 0;
  /// The client is gone: there is nobody to answer.
  void drop();
  /// Writes the bytes of the answer and lets go of the request: its views end here.
  virtual void transmit(std::string bytes, bool keep_alive) = 0;

private:
  friend class pending_requests;

  template <class T, class F>
  class reply_task final : public lane_task {
  public:
    reply_task(std::shared_ptr<exchange> x, F f, core::result<T> r)
        : exchange_(std::move(x)), function_(std::move(f)), result_(std::move(r)) {}
    void run() override {
      exchange_->guarded([this] { function_(*exchange_, std::move(result_)); });
    }

  private:
    std::shared_ptr<exchange> exchange_;
    F function_;
    core::result<T> result_;
  };

  template <class T, class F>
  class late_task final : public lane_task {
  public:
    late_task(F f, core::result<T> r) : function_(std::move(f)), result_(std::move(r)) {}
    void run() override { function_(std::move(result_)); }

  private:
    F function_;
    core::result<T> result_;
  };

  /// Runs the task on the lane's thread: at once where this is it.
  void bring(std::unique_ptr<lane_task> task);
  void failed(const char* what);
  /// What ends with every answer. Its bytes.
  [[nodiscard]] std::string close_books(http_response& response, bool keep_alive);
  void log_answer(int status, core::milliseconds took) const;

  api_context& context_;
  pending_requests& pending_;
  std::shared_ptr<outbox> outbox_;
  std::thread::id thread_ = std::this_thread::get_id();
  core::mono_time started_;
  bool answered_ = false;

  // pending_requests: linked while self_ is set.
  std::shared_ptr<exchange> self_;
  exchange* next_ = nullptr;
  exchange* previous_ = nullptr;
};

}  // namespace waybill::api
