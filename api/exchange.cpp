// SPDX-License-Identifier: Apache-2.0
#include "api/exchange.hpp"

#include "api/json_reader.hpp"
#include "api/malformed.hpp"
#include "api/pending_requests.hpp"
#include "api/problem.hpp"
#include "api/routes.hpp"
#include "core/telemetry/log.hpp"

namespace waybill::api {

exchange::exchange(api_context& context, pending_requests& pending, std::shared_ptr<outbox> lane_outbox)
    : context_(context), pending_(pending), outbox_(std::move(lane_outbox)), started_(context.clock.monotonic()) {}

void exchange::answer(const core::error& error) {
  if (status_of(error.code) == 500)
    core::log(core::log_level::error, "http.internal_error", error.message,
              {{"requestId", request_id}, {"route", std::string{matched ? matched->path : ""}}});
  answer(problem(error));
}

void exchange::answer(http_response response) {
  if (std::exchange(answered_, true)) return;
  const auto kept = shared_from_this();  // pending_ may hold the last reference
  const bool keep_alive = request.keep_alive && !context_.draining.load(std::memory_order_relaxed);
  transmit(close_books(response, keep_alive), keep_alive);
  pending_.remove(*this);
}

std::shared_ptr<answer_stream> exchange::begin_answer(http_response head, std::uint64_t size) {
  answered_ = true;
  const auto kept = shared_from_this();
  const bool keep_alive = request.keep_alive && !context_.draining.load(std::memory_order_relaxed);
  head.announced_size = size;
  auto stream = open_stream(close_books(head, keep_alive), keep_alive);
  pending_.remove(*this);
  return stream;
}

void exchange::drop() {
  answered_ = true;
  const auto kept = shared_from_this();
  pending_.remove(*this);
}

void exchange::read_body(body_receiver next) { next({std::string{request.body}, true}); }

std::string exchange::close_books(http_response& response, bool keep_alive) {
  response.headers += extra_headers;
  const response_frame frame{request_id, traceparent, keep_alive, request.method == http_method::head};
  const auto took = std::chrono::duration_cast<core::milliseconds>(context_.clock.monotonic() - started_);
  context_.metrics.http_request(matched ? matched->path : "(none)", response.status, took);
  if (core::log_enabled(core::log_level::debug)) log_answer(response.status, took);
  return serialize(response, frame, context_.clock.now());
}

void exchange::log_answer(int status, core::milliseconds took) const {
  core::log(core::log_level::debug, "http.answered", "A request was answered",
            {{"requestId", request_id},
             {"method", std::string{to_string(request.method)}},
             {"route", std::string{matched ? matched->path : "(none)"}},
             {"status", std::to_string(status)},
             {"durationMs", std::to_string(took.count())},
             {"organization", caller.organization.is_nil() ? std::string{} : caller.organization.to_string()}});
}

core::result<nlohmann::json> exchange::json_body() const {
  if (request.body.empty()) return nlohmann::json::object();
  json_fault fault;
  if (!is_acceptable_json(request.body, context_.options.max_json_depth, fault)) return core::fail(malformed_body(fault));
  auto json = nlohmann::json::parse(request.body, nullptr, false);
  // It passed the reader, so what is left is a number that no double holds.
  if (json.is_discarded())
    return core::fail(core::error_code::malformed_request, "the body holds a number beyond the range of a double");
  return json;
}

std::string exchange::link(std::string_view path) const { return context_.options.public_url + std::string{path}; }

bool exchange::sees_operator_text() const {
  using core::role;
  return caller.roles.has(role::admin) || caller.roles.has(role::operate) || caller.roles.has(role::auditor) ||
         caller.roles.has(role::engine);
}

void exchange::bring(std::unique_ptr<lane_task> task) {
  if (std::this_thread::get_id() == thread_) return task->run();
  outbox_->push(std::move(task));
}

void exchange::failed(const char* what) {
  core::error error;
  error.code = core::error_code::internal_error;
  error.message = what;
  answer(error);
}

}  // namespace waybill::api
