// SPDX-License-Identifier: Apache-2.0
#include "api/upload_connection.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "api/header_sorter.hpp"
#include "api/lingering_close.hpp"
#include "api/problem.hpp"
#include "api/routes.hpp"
#include "core/model/payload.hpp"

#include <asio/buffer.hpp>
#include <asio/write.hpp>

namespace waybill::api {
namespace {

constexpr std::size_t read_bytes = 65'536;
constexpr std::size_t most_header_fields = 100;
constexpr std::chrono::seconds write_timeout{30};

}  // namespace

/// The exchange of an upload: views into the head, which the connection's framing holds for as long.
class upload_connection::upload_exchange final : public exchange {
public:
  upload_exchange(std::shared_ptr<upload_connection> from)
      : exchange(from->around_.context, from->around_.uploads, from->around_.box), from_(std::move(from)) {
    const auto& head = from_->framing_.head();
    request.method = http_method::post;
    request.target = head.target;
    request.body_length = head.length;
    request.remote_address = from_->remote_address_;
    request.keep_alive = from_->may_go_on();
    header_sorter sorter{request.headers};
    for (const auto& [name, value] : head.fields) sorter.take(name, value);
  }

  void read_body(body_receiver next) override {
    if (from_) from_->want(std::move(next));
  }
  /// Nobody will take an answer.
  void abandon() {
    from_.reset();
    drop();
  }

protected:
  void transmit(std::string bytes, bool keep_alive) override {
    request.target = {};
    request.headers = {};
    if (const auto from = std::exchange(from_, nullptr)) from->send(std::move(bytes), keep_alive);
  }
  /// No answer to an upload is long.
  std::shared_ptr<answer_stream> open_stream(std::string, bool) override { return nullptr; }

private:
  std::shared_ptr<upload_connection> from_;
};

upload_connection::upload_connection(surroundings around, asio::ip::tcp::socket socket, std::string first,
                                     connection_permit permit)
    : around_(std::move(around)),
      socket_(std::move(socket)),
      permit_(std::move(permit)),
      first_(std::move(first)),
      unparsed_(first_),
      framing_({around_.context.options.max_url_bytes, around_.context.options.max_header_bytes, most_header_fields}) {
  asio::error_code gone;
  const auto remote = socket_.remote_endpoint(gone);
  if (!gone) remote_address_ = remote.address().to_string();
}

void upload_connection::start() {
  expect_progress(around_.rules->read_timeout);
  decide();
}

void upload_connection::read() {
  if (buffer_.empty()) buffer_.resize(read_bytes);
  socket_.async_read_some(asio::buffer(buffer_), [self = shared_from_this()](const asio::error_code& ec, std::size_t size) {
    if (self->stage_ >= stage::answering) return;
    if (ec) return self->end();
    self->on_read({self->buffer_.data(), size});
  });
}

void upload_connection::on_read(std::string_view bytes) {
  if (stage_ == stage::deciding) {
    first_.append(bytes);
    return decide();
  }
  unparsed_ = bytes;
  if (stage_ == stage::head) return read_head();
  expect_progress(around_.context.options.upload_idle_timeout);
  read_body();
}

void upload_connection::decide() {
  const auto start = std::min(first_.find_first_not_of("\r\n"), first_.size());
  switch (guess_upload(std::string_view{first_}.substr(start))) {
    case upload_guess::undecided:
      return read();
    case upload_guess::no:
      stage_ = stage::ended;
      return around_.give_back(std::move(socket_), std::move(first_), std::move(permit_));
    case upload_guess::yes:
      stage_ = stage::head;
      unparsed_ = first_;
      return read_head();
  }
}

void upload_connection::read_head() {
  unparsed_.remove_prefix(framing_.take(unparsed_, piece_));
  switch (framing_.now()) {
    case upload_framing::stage::head:
      return read();
    case upload_framing::stage::failed:
      return refuse(framing_.fault());
    case upload_framing::stage::body:
    case upload_framing::stage::done:
      return dispatch_upload();
  }
}

void upload_connection::dispatch_upload() {
  stage_ = stage::body;
  expect_progress(around_.context.options.request_timeout);
  if (framing_.head().length == 0u) unparsed_.remove_prefix(framing_.take(unparsed_, piece_));
  exchange_ = std::make_shared<upload_exchange>(shared_from_this());
  around_.uploads.add(exchange_);
  const auto kept = exchange_;
  dispatch(*kept);
}

/// Before the body is in nothing can follow on the connection.
bool upload_connection::may_go_on() const {
  return framing_.now() == upload_framing::stage::done && framing_.head().keep_alive;
}

void upload_connection::want(body_receiver next) {
  if (stage_ != stage::body) return;
  wanted_ = std::move(next);
  expect_progress(around_.context.options.upload_idle_timeout);
  read_body();
}

/// Never more than a piece: what comes behind it stays in the socket.
void upload_connection::read_body() {
  while (framing_.now() == upload_framing::stage::body && !unparsed_.empty() && piece_.size() < core::payload_chunk_bytes) {
    const auto room = core::payload_chunk_bytes - piece_.size();
    unparsed_.remove_prefix(framing_.take(unparsed_.substr(0, room), piece_));
  }
  if (framing_.now() == upload_framing::stage::failed) {
    core::error error;
    error.code = core::error_code::malformed_request;
    error.message = "the body is not framed as HTTP/1.1 asks";
    const auto kept = exchange_;
    return kept->answer(error);
  }
  if (framing_.now() == upload_framing::stage::done || piece_.size() >= core::payload_chunk_bytes) return deliver_piece();
  say_continue();
  read();
}

/// Only now: a client that is refused is spared the sending (RFC 9110 section 10.1.1).
void upload_connection::say_continue() {
  if (!framing_.head().awaits_continue || !piece_.empty() || std::exchange(said_continue_, true)) return;
  constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
  static_cast<void>(::send(socket_.native_handle(), go_on.data(), go_on.size(), MSG_DONTWAIT | MSG_NOSIGNAL));
}

void upload_connection::deliver_piece() {
  const bool last = framing_.now() == upload_framing::stage::done;
  exchange_->request.keep_alive = may_go_on();
  body_piece piece{std::exchange(piece_, {}), last};
  if (!last) piece_.reserve(core::payload_chunk_bytes);
  const auto next = std::exchange(wanted_, nullptr);
  expect_progress(around_.context.options.request_timeout);
  const auto kept = exchange_;
  kept->guarded([&] { next(std::move(piece)); });
}

void upload_connection::send(std::string bytes, bool keep_alive) {
  if (stage_ >= stage::answering) return;
  stage_ = stage::answering;
  wanted_ = nullptr;
  exchange_.reset();
  out_ = std::move(bytes);
  expect_progress(write_timeout);
  asio::async_write(socket_, asio::buffer(out_),
                    [self = shared_from_this(), keep_alive](const asio::error_code& ec, std::size_t) {
                      if (self->stage_ == stage::ended) return;
                      if (ec) return self->end();
                      self->sent(keep_alive);
                    });
}

void upload_connection::sent(bool keep_alive) {
  stage_ = stage::ended;
  asio::error_code ignored;
  socket_.cancel(ignored);  // a read of a body that nobody wants any more
  if (keep_alive) return around_.give_back(std::move(socket_), std::string{unparsed_}, std::move(permit_));
  close_lingering(std::move(socket_), std::move(permit_));
}

void upload_connection::expect_progress(std::chrono::milliseconds within) {
  progress_by_ = around_.context.clock.monotonic() + within;
}

void upload_connection::check_progress(core::mono_time now) {
  if (now > progress_by_) too_slow();
}

void upload_connection::too_slow() {
  if (stage_ == stage::ended) return;
  if (stage_ == stage::answering) return end();
  if (!exchange_) return refuse(wire_fault::too_slow);
  const auto kept = exchange_;
  if (wanted_) return kept->answer(problem(408, "REQUEST_TIMEOUT", "the upload made no progress in time"));
  kept->answer(problem(504, "TIMEOUT", "the store did not take the upload in time"));
}

/// Not even a head came of it.
void upload_connection::refuse(wire_fault fault) { send(around_.rules->last_words(fault), false); }

void upload_connection::end() {
  stage_ = stage::ended;
  asio::error_code ignored;
  socket_.close(ignored);
  // What the receiver holds, the upload itself, goes with it.
  const auto next = std::exchange(wanted_, nullptr);
  const auto gone = std::exchange(exchange_, nullptr);
  if (!gone) return;
  around_.context.metrics.count("http_uploads_abandoned", "Uploads whose client was gone before their end.");
  gone->abandon();
}

}  // namespace waybill::api
