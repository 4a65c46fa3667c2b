// SPDX-License-Identifier: Apache-2.0
#include "api/json_delivery.hpp"

#include <iterator>

#include "api/json_text.hpp"
#include "core/security/digest.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace waybill::api {

namespace {

using nlohmann::json;

json category_or_null(core::failure_category category) {
  if (category == core::failure_category::none) return nullptr;
  return core::to_string(category);
}

json attempt_json(const core::attempt& made, audience reader) {
  json out{{"attemptId", made.id.to_string()},
           {"number", made.number},
           {"startedAt", core::to_rfc3339(made.started_at)},
           {"durationMs", made.duration.count()},
           {"outcome", core::to_string(made.result.action)},
           {"category", category_or_null(made.result.category)},
           {"code", made.result.code},
           {"message", text_or_null(made.result.message)}};
  if (reader == audience::operators) out["detail"] = text_or_null(made.result.detail);
  return out;
}

json attempts_json(const core::task_view& task, audience reader) {
  json log = json::array();
  for (const auto& made : task.attempt_log) log.push_back(attempt_json(made, reader));
  return log;
}

json task_json(const core::task_view& task, audience reader) {
  return {{"destinationId", task.destination.to_string()},
          {"type", text_or_null(task.destination_type)},
          {"label", text_or_null(task.destination_label)},
          {"taskId", task.id.to_string()},
          {"status", core::to_string(task.status)},
          {"attempts", task.attempts},
          {"nextAttemptAt", time_or_null(task.next_attempt_at)},
          {"finishedAt", time_or_null(task.finished_at)},
          {"failureReason", text_or_null(task.failure_reason)},
          {"category", category_or_null(task.category)},
          {"code", task.code},
          {"externalReference", text_or_null(task.external_reference)},
          {"attemptLog", attempts_json(task, reader)}};
}

json options_json(const core::delivery& head) {
  return {{"priority", head.priority},
          {"idempotencyKey", text_or_null(head.idempotency_key)},
          {"correlationId", text_or_null(head.correlation_id)},
          {"tags", head.tags},
          {"scheduledAt", time_or_null(head.scheduled_at)},
          {"deliverWithinMs", ms_or_null(head.deliver_within)},
          {"orderingKey", text_or_null(head.ordering_key)}};
}

/// What a plugin kept of a request or an answer: a JSON object, or nothing usable.
json object_or_null(const std::string& text) {
  auto parsed = text.empty() ? json{} : json::parse(text, nullptr, false);
  return parsed.is_object() ? parsed : json{};
}

json dead_letter_json(const core::dead_letter& letter, std::string_view base_url) {
  const auto& task = letter.task;
  const auto id = task.id.to_string();
  const auto delivery = task.delivery.to_string();
  return json{{"taskId", id},
              {"deliveryId", delivery},
              {"destinationId", task.destination.to_string()},
              {"type", text_or_null(task.destination_type)},
              {"label", text_or_null(task.destination_label)},
              {"payloadType", letter.payload_type},
              {"correlationId", text_or_null(letter.correlation_id)},
              {"attempts", task.attempts},
              {"queuedAt", core::to_rfc3339(task.created_at)},
              {"finishedAt", time_or_null(task.finished_at)},
              {"category", category_or_null(task.category)},
              {"code", task.code},
              {"failureReason", text_or_null(task.failure_reason)},
              {"links",
               {{"self", fmt::format("{}/v1/dead-letters/{}", base_url, id)},
                {"delivery", fmt::format("{}/v1/deliveries/{}", base_url, delivery)}}}};
}

}  // namespace

std::string receipt_text(const core::delivery_receipt& receipt, std::string_view base_url) {
  const auto id = receipt.id.to_string();
  std::string out;
  out.reserve(192 + base_url.size() + receipt.destinations.size() * 112);
  auto to = std::back_inserter(out);
  fmt::format_to(to, R"({{"deliveryId":"{}","status":"queued","destinations":[)", id);
  bool first = true;
  for (const auto& target : receipt.destinations) {
    fmt::format_to(to, R"({}{{"destinationId":"{}","status":"{}","taskId":"{}"}})", first ? "" : ",",
                   target.destination.to_string(), core::to_string(target.status), target.task.to_string());
    first = false;
  }
  fmt::format_to(to, R"(],"queuedAt":"{}","links":{{"self":"{}/v1/deliveries/{}"}}}})", core::to_rfc3339(receipt.queued_at),
                 base_url, id);
  return out;
}

std::string delivery_text(const core::delivery_view& view, audience reader, std::string_view base_url) {
  const auto& head = view.head;
  const auto self = fmt::format("{}/v1/deliveries/{}", base_url, head.id.to_string());
  json tasks = json::array();
  for (const auto& task : view.tasks) tasks.push_back(task_json(task, reader));
  json document{{"deliveryId", head.id.to_string()},
                {"status", core::to_string(view.status)},
                {"queuedAt", core::to_rfc3339(head.created_at)},
                {"payload",
                 {{"type", head.payload_type},
                  {"contentType", head.content_type},
                  {"filename", text_or_null(head.filename)},
                  {"size", view.size},
                  {"sha256", core::to_hex(head.sha256.data(), head.sha256.size())}}},
                {"options", options_json(head)},
                {"destinations", std::move(tasks)},
                {"links", {{"self", self}, {"payload", self + "/payload"}}}};
  if (!head.in_memory()) document["payload"]["payloadId"] = head.payload.to_string();
  auto out = to_text(document);
  // As the client wrote it: a parse and a dump would change numbers beyond 64 bits.
  out.pop_back();
  fmt::format_to(std::back_inserter(out), ",\"metadata\":{}}}", head.metadata);
  return out;
}

std::string attempt_text(const core::attempt& made, audience reader) {
  auto document = attempt_json(made, reader);
  document["taskId"] = made.task.to_string();
  document["bytesSent"] = made.result.bytes_sent;
  document["retryAfterMs"] = ms_or_null(made.result.retry_after);
  document["externalReference"] = text_or_null(made.result.external_reference);
  document["request"] = object_or_null(made.result.request);
  document["response"] = object_or_null(made.result.response);
  return to_text(document);
}

std::string dead_letter_text(const core::dead_letter& letter, std::string_view base_url) {
  return to_text(dead_letter_json(letter, base_url));
}

std::string dead_letter_text(const core::dead_letter& letter, audience reader, std::string_view base_url) {
  auto document = dead_letter_json(letter, base_url);
  document["attemptLog"] = attempts_json(letter.task, reader);
  return to_text(document);
}

namespace {

json limit_or_null(std::uint64_t limit) { return limit == 0 ? json(nullptr) : json(limit); }

json lag_json(const core::retry_lag::summary& lag) {
  return {{"retries", lag.retries}, {"p50Ms", lag.p50.count()}, {"p99Ms", lag.p99.count()}, {"maxMs", lag.longest.count()}};
}

json pace_json(const core::live_pace& pace) {
  return {{"concurrency", pace.concurrency},
          {"ratePerSecond", pace.rate_per_second > 0 ? json(pace.rate_per_second) : json(nullptr)},
          {"reduced", pace.reduced},
          {"recovering", pace.recovering}};
}

json depth_json(const core::queue_ledger::depth& depth) {
  return {{"waiting", depth.total()}, {"pending", depth.pending}, {"retrying", depth.retrying}, {"parked", depth.parked}};
}

/// The queue of the whole node, for its operator.
json node_json(const core::node_pressure& node) {
  auto organizations = json::array();
  for (const auto& one : node.organizations) {
    auto entry = depth_json(one.depth.waiting);
    entry["organizationId"] = one.depth.organization.to_string();
    entry["inFlight"] = one.in_flight;
    entry["maxWaiting"] = limit_or_null(one.depth.limit);
    entry["oldestQueuedAt"] = time_or_null(one.oldest_created_at);
    organizations.push_back(std::move(entry));
  }
  auto document = depth_json(node.waiting);
  document["maxWaiting"] = node.max_waiting;
  document["inFlight"] = node.in_flight;
  document["maxInFlight"] = node.max_in_flight;
  document["destinationsHeldUp"] = node.destinations_held_up;
  document["oldestQueuedAt"] = time_or_null(node.oldest_created_at);
  document["retryLag"] = lag_json(node.lag);
  document["organizations"] = std::move(organizations);
  return document;
}

}  // namespace

std::string queue_text(const core::queue_report& report, bool with_node) {
  const auto& stored = report.stored;
  json document{{"waiting", stored.pending + stored.retrying + stored.parked},
                {"pending", stored.pending},
                {"retrying", stored.retrying},
                {"parked", stored.parked},
                {"due", stored.due},
                {"oldestQueuedAt", time_or_null(stored.oldest_created_at)},
                {"nextAttemptAt", time_or_null(stored.next_due)},
                {"maxWaiting", limit_or_null(report.max_waiting)},
                {"retryLag", lag_json(report.lag)}};
  if (with_node) {
    document["inFlight"] = report.in_flight;
    document["activeDestinations"] = report.active_destinations;
  }
  if (report.pace) document["pace"] = pace_json(*report.pace);
  if (report.node) document["node"] = node_json(*report.node);
  return to_text(document);
}

}  // namespace waybill::api
