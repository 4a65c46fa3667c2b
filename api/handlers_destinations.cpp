// SPDX-License-Identifier: Apache-2.0
#include "api/conditional.hpp"
#include "api/exchange.hpp"
#include "api/handlers.hpp"
#include "api/idempotency.hpp"
#include "api/json_destination.hpp"
#include "api/json_input.hpp"
#include "api/json_text.hpp"
#include "api/list_query.hpp"
#include "api/path_ids.hpp"

namespace waybill::api {

namespace {

core::health_status health_of_new(const core::destination& d) {
  return d.state == core::destination_state::disabled ? core::health_status::disabled : core::health_status::healthy;
}

void current_version(exchange& x, core::destination_id id, const version_reply& then) {
  x.service().get_destination(x.caller, id, [then](core::result<core::destination> d) {
    if (!d) return then(core::fail(d.error()));
    then(d->version);
  });
}

/// PUT and PATCH.
void update(exchange& x, input_kind kind, core::update_kind how) {
  const auto id = destination_in_path(x);
  if (!id) return;
  const bool test_first = take_flag(x.query, "test");
  if (auto known = x.query.finish(); !known) return x.answer(known.error());
  auto input = read_body(x.json_body(), [kind](object_input& body) { return read_destination(body, kind); });
  if (!input) return x.answer(input.error());
  with_expected_version(
      x, [&x, id](const version_reply& then) { current_version(x, *id, then); },
      [id = *id, input = std::move(*input), how, test_first](exchange& y, std::uint64_t expected) {
        y.service().update_destination(y.caller, id, input, how, expected, test_first,
                                       y.on_reply<core::destination>(answer_with_destination));
      });
}

}  // namespace

void answer_with_destination(exchange& x, core::result<core::destination> changed) {
  if (!changed) return x.answer(changed.error());
  const auto id = changed->id;
  x.service().get_health(x.caller, id,
                         x.on_reply<core::destination_health>([d = std::move(*changed)](
                                                                  exchange& y, core::result<core::destination_health> health) {
                           // The destination is what was asked for; an answer without its health is better than none.
                           const auto status = health ? std::optional{health->status} : std::nullopt;
                           auto response =
                               json_response(200, destination_text(d, status, std::nullopt, y.context().options.public_url));
                           response.add_header("ETag", entity_tag(d.version));
                           y.answer(std::move(response));
                         }));
}

void create_destination(exchange& x) {
  const bool test_first = take_flag(x.query, "test");
  if (auto known = x.query.finish(); !known) return x.answer(known.error());
  auto input = read_body(x.json_body(), [](object_input& body) { return read_destination(body, input_kind::whole); });
  if (!input) return x.answer(input.error());
  answer_once<core::created_destination>(
      x,
      [](exchange& y, const auto& made) {
        const auto& base = y.context().options.public_url;
        const auto& d = made.resource;
        auto response = json_response(201, destination_text(d, health_of_new(d), made.generated_secret, base));
        response.add_header("Location", base + "/v1/destinations/" + d.id.to_string());
        response.add_header("ETag", entity_tag(d.version));
        return response;
      },
      [input = *std::move(input), test_first](exchange& y, const core::caller& who,
                                              core::reply<core::created_destination> reply) {
        y.service().create_destination(who, input, test_first, std::move(reply));
      });
}

void list_destinations(exchange& x) {
  core::destination_filter filter;
  filter.type = take_text(x.query, "type");
  filter.label = take_text(x.query, "label");
  filter.tag = take_text(x.query, "tag");
  filter.health = take_word(x.query, "health", core::health_status_from);
  filter.state = take_word(x.query, "state", core::destination_state_from);
  const auto page = take_page(x.query);
  if (auto known = x.query.finish(); !known) return x.answer(known.error());
  x.service().list_destinations(
      x.caller, std::move(filter), page, x.respond<core::page<core::destination>>([](exchange& y, const auto& found) {
        return json_response(200, page_text(found.items, found.next_cursor, [&](const auto& d) {
                               return destination_text(d, d.health, std::nullopt, y.context().options.public_url);
                             }));
      }));
}

void get_destination(exchange& x) {
  const auto id = destination_in_path(x);
  if (!id) return;
  x.service().get_destination(x.caller, *id, x.on_reply<core::destination>([](exchange& y, core::result<core::destination> d) {
    if (!d || !none_match_names(y.request.headers.if_none_match, d->version)) return answer_with_destination(y, std::move(d));
    http_response response;
    response.status = 304;
    response.add_header("ETag", entity_tag(d->version));
    y.answer(std::move(response));
  }));
}

void replace_destination(exchange& x) { update(x, input_kind::whole, core::update_kind::replace); }
void patch_destination(exchange& x) { update(x, input_kind::patch, core::update_kind::merge); }

void delete_destination(exchange& x) {
  const auto id = destination_in_path(x);
  if (!id) return;
  with_expected_version(
      x, [&x, id](const version_reply& then) { current_version(x, *id, then); },
      [id = *id](exchange& y, std::uint64_t expected) {
        y.service().delete_destination(y.caller, id, expected, y.respond<void>([](exchange&) {
          http_response response;
          response.status = 204;
          return response;
        }));
      });
}

}  // namespace waybill::api
