// SPDX-License-Identifier: Apache-2.0
#include "api/lane.hpp"

#include <thread>
#include <utility>
#include <vector>

#include "api/exchange.hpp"
#include "api/http_socket.hpp"
#include "api/last_words.hpp"
#include "api/outbox.hpp"
#include "api/pending_requests.hpp"
#include "api/routes.hpp"
#include "api/upload_connection.hpp"
#include "core/telemetry/log.hpp"
#include "core/telemetry/thread_name.hpp"

#include <asio/executor_work_guard.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <restinio/http_server.hpp>

namespace waybill::api {

namespace {

/// How often waiting requests are looked at for their deadline.
constexpr std::chrono::milliseconds tick{250};
constexpr std::size_t read_buffer_bytes = 8'192;
constexpr std::size_t max_header_fields = 100;
constexpr std::chrono::seconds write_timeout{30};
/// RESTinio's own deadline closes the connection without an answer, so ours must always come first.
constexpr std::chrono::seconds behind_our_own{10};

struct request_handler {
  std::function<restinio::request_handling_status_t(restinio::request_handle_t)> handle;
  restinio::request_handling_status_t operator()(restinio::request_handle_t request) const {
    return handle(std::move(request));
  }
};

struct http_traits
    : restinio::traits_t<restinio::asio_timer_manager_t, wire_logger, request_handler, restinio::noop_strand_t, http_socket> {};

using connection_settings = restinio::impl::connection_settings_t<http_traits>;
using connection_factory = restinio::impl::connection_factory_t<http_traits>;
using lifetime_monitor = restinio::connection_count_limit_types<http_traits>::lifetime_monitor_t;

http_method method_of(const restinio::http_method_id_t& id) {
  if (id == restinio::http_method_post()) return http_method::post;
  if (id == restinio::http_method_get()) return http_method::get;
  if (id == restinio::http_method_put()) return http_method::put;
  if (id == restinio::http_method_patch()) return http_method::patch;
  if (id == restinio::http_method_delete()) return http_method::remove;
  if (id == restinio::http_method_head()) return http_method::head;
  return http_method::other;
}

bool is_named(const std::string& name, std::string_view lower_case) {
  if (name.size() != lower_case.size()) return false;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c) != lower_case[i]) return false;
  }
  return true;
}

/// Sorts the header fields into those the API reads, in one pass.
class header_reader {
public:
  explicit header_reader(request_headers& out) : out_(out) {}

  void take(const restinio::http_header_field_t& field) {
    out_.bytes += field.name().size() + field.value().size() + 4;  // ": " and CRLF
    switch (field.field_id()) {
      case restinio::http_field_t::authorization:
        return once(out_.authorization, field);
      case restinio::http_field_t::content_type:
        return once(out_.content_type, field);
      case restinio::http_field_t::content_encoding:
        return once(out_.content_encoding, field);
      case restinio::http_field_t::if_match:
        return once(out_.if_match, field);
      case restinio::http_field_t::if_none_match:
        return once(out_.if_none_match, field);
      case restinio::http_field_t::range:
        return once(out_.range, field);
      case restinio::http_field_t::if_range:
        return once(out_.if_range, field);
      case restinio::http_field_t::user_agent:
        out_.user_agent = field.value();
        return;
      case restinio::http_field_t::forwarded:
        out_.forwarded.emplace_back(field.value());
        return;
      case restinio::http_field_t::field_unspecified:
        return take_unlisted(field);
      default:
        return;
    }
  }

private:
  void take_unlisted(const restinio::http_header_field_t& field) {
    if (is_named(field.name(), "idempotency-key")) {
      out_.repeated |= std::exchange(out_.idempotency_key_sent, true);
      out_.idempotency_key = field.value();
    } else if (is_named(field.name(), "x-request-id")) {
      out_.request_id = field.value();
    } else if (is_named(field.name(), "traceparent")) {
      once(out_.traceparent, field);
    } else if (is_named(field.name(), "content-digest")) {
      once(out_.content_digest, field);
    } else if (is_named(field.name(), "repr-digest")) {
      once(out_.repr_digest, field);
    } else if (is_named(field.name(), "x-organization-id")) {
      once(out_.organization_id, field);
    } else if (is_named(field.name(), "x-forwarded-for")) {
      out_.x_forwarded_for.emplace_back(field.value());
    }
  }

  void once(std::string_view& to, const restinio::http_header_field_t& field) {
    out_.repeated |= !to.empty();
    to = field.value();
  }

  request_headers& out_;
};

/// The body of an answer on a RESTinio connection. The first piece takes the head along. Every write has RESTinio's time limit
/// for one, and so has every pause between two.
class restinio_stream final : public answer_stream {
public:
  restinio_stream(restinio::impl::connection_handle_t connection, restinio::request_id_t id, std::string head, bool keep_alive)
      : connection_(std::move(connection)), id_(id), head_(std::move(head)), keep_alive_(keep_alive) {}
  ~restinio_stream() override {
    if (connection_) write_parts(restinio::write_group_t{restinio::writable_items_container_t{}}, true, false);
  }
  restinio_stream(const restinio_stream&) = delete;
  restinio_stream& operator=(const restinio_stream&) = delete;

  void write(std::shared_ptr<const std::string> piece, std::size_t from, std::size_t size, bool last,
             std::function<void(bool)> written) override {
    restinio::writable_items_container_t items;
    if (!head_.empty()) items.emplace_back(std::exchange(head_, {}));
    items.emplace_back(restinio::const_buffer(piece->data() + from, size));
    restinio::write_group_t group{std::move(items)};
    group.after_write_notificator(
        [piece = std::move(piece), written = std::move(written)](const asio::error_code& ec) { written(!ec); });
    write_parts(std::move(group), last, keep_alive_);
    if (last) connection_.reset();
  }

private:
  void write_parts(restinio::write_group_t group, bool last, bool keep_alive) {
    using restinio::response_connection_attr_t;
    using restinio::response_parts_attr_t;
    const bool closes = last && !keep_alive;
    connection_->write_response_parts(
        id_,
        {last ? response_parts_attr_t::final_parts : response_parts_attr_t::not_final_parts,
         closes ? response_connection_attr_t::connection_close : response_connection_attr_t::connection_keepalive},
        std::move(group));
  }

  restinio::impl::connection_handle_t connection_;
  restinio::request_id_t id_;
  std::string head_;
  bool keep_alive_;
};

/// An exchange over a RESTinio connection. Holds the request, which holds the connection, until the answer is handed over.
class restinio_exchange final : public exchange {
public:
  restinio_exchange(api_context& context, pending_requests& pending, std::shared_ptr<outbox> box, asio::io_context& io,
                    restinio::request_handle_t handle)
      : exchange(context, pending, std::move(box)), io_(io), handle_(std::move(handle)) {
    const auto& header = handle_->header();
    request.method = method_of(header.method());
    request.target = header.request_target();
    request.body = handle_->body();
    request.body_length = request.body.size();
    // An upgrade (h2c, WebSocket) is ignored, as RFC 9110 section 7.8 allows; RESTinio gives such a connection up after it.
    request.keep_alive = header.should_keep_alive();
    request.remote_address = handle_->remote_endpoint().address().to_string();
    header_reader reader{request.headers};
    header.for_each_field([&reader](const auto& field) { reader.take(field); });
  }

  void dispatch_from_parser() {
    is_in_parser_ = true;
    dispatch(*this);
    is_in_parser_ = false;
  }

protected:
  std::shared_ptr<answer_stream> open_stream(std::string head, bool keep_alive) override {
    auto connection = std::move(restinio::impl::access_req_connection(*handle_));
    const auto id = handle_->request_id();
    let_go();
    return std::make_shared<restinio_stream>(std::move(connection), id, std::move(head), keep_alive);
  }

  void transmit(std::string bytes, bool keep_alive) override {
    const auto connection = std::move(restinio::impl::access_req_connection(*handle_));
    const auto id = handle_->request_id();
    let_go();
    const restinio::response_output_flags_t flags{restinio::response_parts_attr_t::final_parts,
                                                  keep_alive ? restinio::response_connection_attr_t::connection_keepalive
                                                             : restinio::response_connection_attr_t::connection_close};
    auto write = [connection, id, flags, bytes = std::move(bytes)]() mutable {
      restinio::writable_items_container_t items;
      items.emplace_back(std::move(bytes));
      connection->write_response_parts(id, flags, restinio::write_group_t{std::move(items)});
    };
    // RESTinio 0.6 that is answered while it parses goes on to the next request of a pipeline at once, and once more when the
    // answer has been written, which throws away what it has read of that request by then.
    if (is_in_parser_) return asio::post(io_, std::move(write));
    write();
  }

private:
  void let_go() {
    handle_.reset();
    request.body = request.target = {};
    request.headers = {};
  }

  asio::io_context& io_;
  restinio::request_handle_t handle_;
  bool is_in_parser_ = false;
};

}  // namespace

struct lane::parts {
  explicit parts(api_context& c) : context(c), work(asio::make_work_guard(io)), timer(io) {
    box = std::make_shared<outbox>([this] { asio::post(io, [kept = box] { kept->drain(); }); });
    rules = std::make_shared<socket_rules>(
        socket_rules{c.options.read_timeout, [&c](wire_fault fault) { return last_words(fault, c); },
                     [this](asio::ip::tcp::socket socket, std::string first, connection_permit permit) {
                       receive_upload(std::move(socket), std::move(first), std::move(permit));
                     }});
    restinio::server_settings_t<http_traits> settings;
    settings.buffer_size(read_buffer_bytes)
        .read_next_http_message_timelimit(std::max(c.options.idle_timeout, c.options.read_timeout))
        .write_http_response_timelimit(write_timeout)
        .handle_request_timeout(c.options.request_timeout + behind_our_own)
        .max_pipelined_requests(1)
        .incoming_http_msg_limits(restinio::incoming_http_msg_limits_t{}
                                      .max_url_size(c.options.max_url_bytes)
                                      .max_field_name_size(c.options.max_header_bytes)
                                      .max_field_value_size(c.options.max_header_bytes)
                                      .max_field_count(max_header_fields)
                                      .max_body_size(c.options.max_body_bytes))
        .socket_options_setter([](auto& options) { options.set_option(asio::ip::tcp::no_delay{true}); })
        .request_handler(std::make_unique<request_handler>(
            request_handler{[this](restinio::request_handle_t handle) { return serve(std::move(handle)); }}));
    auto timers = std::make_shared<restinio::asio_timer_manager_t>(io, std::chrono::seconds{1});
    const auto shared = std::make_shared<connection_settings>(
        settings, restinio::impl::create_parser_settings<http_traits::http_methods_mapper_t>(), std::move(timers));
    factory = std::make_unique<connection_factory>(shared, settings.socket_options_setter());
  }

  restinio::request_handling_status_t serve(restinio::request_handle_t handle) {
    const auto x = std::make_shared<restinio_exchange>(context, pending, box, io, std::move(handle));
    pending.add(x);
    x->dispatch_from_parser();
    return restinio::request_accepted();
  }

  void receive_upload(asio::ip::tcp::socket socket, std::string first, connection_permit permit) {
    upload_connection::surroundings around{context, uploads, box, rules,
                                           [this](asio::ip::tcp::socket next, std::string read, connection_permit right) {
                                             adopt(std::move(next), std::move(right), std::move(read));
                                           }};
    auto upload =
        std::make_shared<upload_connection>(std::move(around), std::move(socket), std::move(first), std::move(permit));
    receiving.push_back(upload);
    upload->start();
  }

  void check_uploads() {
    const auto now = context.clock.monotonic();
    const auto looked_at = std::exchange(receiving, {});
    for (const auto& one : looked_at) {
      const auto upload = one.lock();
      if (!upload) continue;
      receiving.push_back(one);
      upload->check_progress(now);
    }
  }

  void adopt(asio::ip::tcp::socket socket, connection_permit permit, std::string first = {}) {
    asio::error_code gone;
    auto remote = socket.remote_endpoint(gone);
    if (gone) return;  // closed by the client before we came to it
    try {
      http_socket stream{std::move(socket), rules, std::move(permit), std::move(first)};
      factory->create_new_connection(std::move(stream), std::move(remote), lifetime_monitor{nullptr})->init();
    } catch (const std::exception& e) {
      core::log(core::log_level::warning, "http.connection_failed", e.what());
    }
  }

  void schedule_tick() {
    timer.expires_after(tick);
    timer.async_wait([this](const asio::error_code& ec) {
      if (ec) return;
      pending.expire(context.clock.monotonic() - context.options.request_timeout);
      check_uploads();
      schedule_tick();
    });
  }

  api_context& context;
  asio::io_context io{1};
  asio::executor_work_guard<asio::io_context::executor_type> work;
  asio::steady_timer timer;
  pending_requests pending;
  pending_requests uploads;
  std::vector<std::weak_ptr<upload_connection>> receiving;
  std::shared_ptr<outbox> box;
  std::shared_ptr<const socket_rules> rules;
  std::unique_ptr<connection_factory> factory;
  std::thread thread;
};

lane::lane(api_context& context) : parts_(std::make_unique<parts>(context)) {}

lane::~lane() { stop(); }

void lane::start() {
  parts_->schedule_tick();
  parts_->thread = std::thread{[p = parts_.get()] {
    core::name_this_thread("http-lane");
    p->io.run();
  }};
}

void lane::adopt(asio::ip::tcp::socket socket, connection_permit permit) {
  if (parts_->thread.get_id() == std::this_thread::get_id()) return parts_->adopt(std::move(socket), std::move(permit));
  asio::post(parts_->io, [p = parts_.get(), s = std::move(socket), permit = std::move(permit)]() mutable {
    p->adopt(std::move(s), std::move(permit));
  });
}

void lane::stop() {
  if (!parts_->thread.joinable()) return;
  // The answers are written at once, as far as the socket takes them: asio tries a write before it waits for one.
  asio::post(parts_->io, [p = parts_.get()] {
    p->box->close();
    p->pending.abandon();
    p->uploads.abandon();
    p->timer.cancel();
    p->io.stop();
  });
  parts_->thread.join();
}

asio::io_context& lane::io() { return parts_->io; }

}  // namespace waybill::api
