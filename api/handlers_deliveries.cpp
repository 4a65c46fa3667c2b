// SPDX-License-Identifier: Apache-2.0

#include "api/delivery_request.hpp"
#include "api/exchange.hpp"
#include "api/handlers.hpp"
#include "api/idempotency.hpp"
#include "api/json_delivery.hpp"
#include "api/json_input.hpp"
#include "api/json_text.hpp"
#include "api/list_query.hpp"
#include "api/path_ids.hpp"
#include "core/security/digest.hpp"

namespace waybill::api {

namespace {

audience audience_of(const exchange& x) { return x.sees_operator_text() ? audience::operators : audience::customer; }

http_response show_delivery(exchange& x, const core::delivery_view& view) {
  return json_response(200, delivery_text(view, audience_of(x), x.context().options.public_url));
}

/// The header's key and the body's are one promise said twice, so they must say the same.
core::result<void> settle_idempotency_key(const request_headers& headers, std::string& key) {
  if (!headers.idempotency_key_sent) return {};
  faults all;
  if (!is_idempotency_key(headers.idempotency_key))
    all.push_back({"Idempotency-Key", "format", "1 to 255 printable ASCII characters"});
  if (!key.empty() && key != headers.idempotency_key)
    all.push_back(
        {"/options/idempotencyKey", "consistent", "differs from the Idempotency-Key header; send one of them, or the same"});
  if (!all.empty()) return core::fail(invalid_fields(std::move(all)));
  key = headers.idempotency_key;
  return {};
}

http_response accepted(exchange& x, const core::delivery_receipt& receipt) {
  const auto& base = x.context().options.public_url;
  auto response = json_response(202, receipt_text(receipt, base));
  response.add_header("Location", base + "/v1/deliveries/" + receipt.id.to_string());
  if (receipt.replayed) response.add_header("Idempotency-Replayed", "true");
  return response;
}

using delivery_action = void (core::delivery_service::*)(const core::caller&, core::delivery_id,
                                                         std::vector<core::destination_id>, core::reply<core::delivery_view>);

/// Retry and cancel: `{destinations: […]}`, or nothing for all.
void act_on_delivery(exchange& x, delivery_action action, int status) {
  const auto id = delivery_in_path(x);
  if (!id) return;
  auto only = read_body(x.json_body(), [](object_input& body) {
    return body.ids<core::destination_id>("destinations", 1'000).value_or(std::vector<core::destination_id>{});
  });
  if (!only) return x.answer(only.error());
  answer_once<core::delivery_view>(
      x,
      [status](exchange& y, const core::delivery_view& view) {
        auto response = show_delivery(y, view);
        response.status = status;
        return response;
      },
      [id = *id, only = *std::move(only), action](exchange& y, const core::caller& who,
                                                  core::reply<core::delivery_view> reply) {
        (y.service().*action)(who, id, only, std::move(reply));
      });
}

}  // namespace

void create_delivery(exchange& x) {
  auto request = parse_delivery_request(x.request.body, x.context().options.max_json_depth);
  if (!request) return x.answer(request.error());
  if (auto settled = settle_idempotency_key(x.request.headers, request->idempotency_key); !settled)
    return x.answer(settled.error());
  if (!request->idempotency_key.empty()) request->body_hash = core::sha256(x.request.body);
  request->traceparent = x.traceparent;
  x.service().deliver(x.caller, std::move(*request), x.respond<core::delivery_receipt>(accepted));
}

void list_deliveries(exchange& x) {
  core::delivery_filter filter;
  filter.destination = take_id<core::destination_id>(x.query, "destinationId");
  filter.status = take_word(x.query, "status", core::delivery_status_from);
  filter.from = take_time(x.query, "from");
  filter.to = take_time(x.query, "to");
  filter.payload_type = take_text(x.query, "type");
  filter.tag = take_text(x.query, "tag");
  filter.correlation_id = take_text(x.query, "correlationId");
  filter.text = take_text(x.query, "text");
  const auto page = take_page(x.query);
  if (auto known = x.query.finish(); !known) return x.answer(known.error());
  x.service().list_deliveries(
      x.caller, std::move(filter), page, x.respond<core::page<core::delivery_view>>([](exchange& y, const auto& found) {
        return json_response(200, page_text(found.items, found.next_cursor, [&](const auto& view) {
                               return delivery_text(view, audience_of(y), y.context().options.public_url);
                             }));
      }));
}

void get_delivery(exchange& x) {
  if (const auto id = delivery_in_path(x))
    x.service().get_delivery(x.caller, *id, x.respond<core::delivery_view>(show_delivery));
}

void get_attempt(exchange& x) {
  const auto id = delivery_in_path(x);
  if (!id) return;
  const auto attempt = x.path_id<core::attempt_id>(1);
  if (!attempt) return x.answer(core::error{core::error_code::attempt_not_found, "there is no such attempt", {}, std::nullopt});
  x.service().get_attempt(x.caller, *id, *attempt, x.respond<core::attempt>([](exchange& y, const core::attempt& made) {
    return json_response(200, attempt_text(made, audience_of(y)));
  }));
}

void retry_delivery(exchange& x) { act_on_delivery(x, &core::delivery_service::retry_delivery, 202); }
void cancel_delivery(exchange& x) { act_on_delivery(x, &core::delivery_service::cancel_delivery, 200); }

}  // namespace waybill::api
