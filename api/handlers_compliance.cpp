// SPDX-License-Identifier: Apache-2.0
#include <charconv>

#include "api/exchange.hpp"
#include "api/handlers.hpp"
#include "api/idempotency.hpp"
#include "api/json_compliance.hpp"
#include "api/json_text.hpp"
#include "api/list_query.hpp"

namespace waybill::api {

namespace {

/// `engine`, or an organization's id; nothing for the caller's own.
std::optional<core::organization_id> take_chain(query_parameters& query) {
  const auto value = query.take("chain");
  if (!value) return std::nullopt;
  if (*value == "engine") return core::engine_chain;
  const auto id = core::organization_id::parse(*value);
  if (!id) query.fault("chain", "format", "engine, or an id of the form org_…");
  return id;
}

std::uint64_t take_number(query_parameters& query, std::string_view name) {
  const auto value = query.take(name);
  std::uint64_t number = 0;
  if (!value) return number;
  const auto* end = value->data() + value->size();
  const auto read = std::from_chars(value->data(), end, number);
  if (read.ec != std::errc{} || read.ptr != end || number > INT64_MAX) query.fault(name, "format", "must be a whole number");
  return number;
}

template <class Id>
std::optional<Id> id_in_path(exchange& x, core::error_code otherwise, const char* message) {
  const auto id = x.path_id<Id>(0);
  if (!id) x.answer(core::error{otherwise, message, {}, std::nullopt});
  return id;
}

std::optional<core::hold_id> hold_in_path(exchange& x) {
  return id_in_path<core::hold_id>(x, core::error_code::hold_not_found, "there is no such legal hold");
}

http_response show_erasure(exchange& x, int status, const core::erasure& e) {
  return json_response(status, erasure_text(e, x.context().options.public_url));
}

}  // namespace

void list_audit(exchange& x) {
  const auto chain = take_chain(x.query);
  core::audit_filter filter;
  filter.from = take_time(x.query, "from");
  filter.to = take_time(x.query, "to");
  filter.actor = take_id<core::key_id>(x.query, "actor");
  filter.action = take_text(x.query, "action");
  filter.subject = take_text(x.query, "subject");
  const auto page = take_page(x.query);
  if (auto known = x.query.finish(); !known) return x.answer(known.error());
  x.service().list_audit(x.caller, chain, std::move(filter), page,
                         x.respond<core::page<core::audit_row>>([](exchange&, const auto& found) {
                           return json_response(200, page_text(found.items, found.next_cursor, audit_row_text));
                         }));
}

void verify_audit(exchange& x) {
  const auto chain = take_chain(x.query);
  const auto after = take_number(x.query, "after");
  if (auto known = x.query.finish(); !known) return x.answer(known.error());
  x.service().verify_audit(x.caller, chain, after, x.respond<core::audit_verification>([](exchange&, const auto& v) {
    return json_response(200, verification_text(v));
  }));
}

void list_legal_holds(exchange& x) {
  const auto page = take_page(x.query);
  if (auto known = x.query.finish(); !known) return x.answer(known.error());
  x.service().list_holds(x.caller, page, x.respond<core::page<core::legal_hold>>([](exchange&, const auto& found) {
    return json_response(200, page_text(found.items, found.next_cursor, hold_text));
  }));
}

void place_legal_hold(exchange& x) {
  auto input = read_body(x.json_body(), [](object_input& body) { return read_scope(body, scope_body::hold); });
  if (!input) return x.answer(input.error());
  answer_once<core::legal_hold>(
      x,
      [](exchange& y, const auto& placed) {
        auto response = json_response(201, hold_text(placed));
        response.add_header("Location", y.link("/v1/legal-holds/" + placed.id.to_string()));
        return response;
      },
      [input = *std::move(input)](exchange& y, const core::caller& who, core::reply<core::legal_hold> reply) {
        y.service().place_hold(who, input, std::move(reply));
      });
}

void get_legal_hold(exchange& x) {
  if (const auto id = hold_in_path(x))
    x.service().get_hold(x.caller, *id, x.respond<core::legal_hold>([](exchange&, const auto& hold) {
      return json_response(200, hold_text(hold));
    }));
}

void release_legal_hold(exchange& x) {
  if (const auto id = hold_in_path(x))
    x.service().release_hold(x.caller, *id, x.respond<void>([](exchange&) {
      http_response response;
      response.status = 204;
      return response;
    }));
}

void list_erasures(exchange& x) {
  const auto page = take_page(x.query);
  if (auto known = x.query.finish(); !known) return x.answer(known.error());
  x.service().list_erasures(x.caller, page, x.respond<core::page<core::erasure>>([](exchange& y, const auto& found) {
    return json_response(200, page_text(found.items, found.next_cursor,
                                        [&](const auto& e) { return erasure_text(e, y.context().options.public_url); }));
  }));
}

void order_erasure(exchange& x) {
  auto input = read_body(x.json_body(), [](object_input& body) { return read_scope(body, scope_body::erasure); });
  if (!input) return x.answer(input.error());
  answer_once<core::erasure>(
      x,
      [](exchange& y, const auto& ordered) {
        auto response = show_erasure(y, 202, ordered);
        response.add_header("Location", y.link("/v1/erasures/" + ordered.id.to_string()));
        return response;
      },
      [input = *std::move(input)](exchange& y, const core::caller& who, core::reply<core::erasure> reply) {
        y.service().order_erasure(who, input, std::move(reply));
      });
}

void get_erasure(exchange& x) {
  const auto id = id_in_path<core::erasure_id>(x, core::error_code::erasure_not_found, "there is no such erasure");
  if (!id) return;
  x.service().get_erasure(x.caller, *id,
                          x.respond<core::erasure>([](exchange& y, const auto& found) { return show_erasure(y, 200, found); }));
}

}  // namespace waybill::api
