// SPDX-License-Identifier: Apache-2.0
#include "api/conditional.hpp"
#include "api/exchange.hpp"
#include "api/handlers.hpp"
#include "api/idempotency.hpp"
#include "api/json_admin.hpp"
#include "api/json_text.hpp"
#include "api/list_query.hpp"
#include "api/path_ids.hpp"

namespace waybill::api {

namespace {

http_response show_organization(int status, const core::organization& organization) {
  auto response = json_response(status, organization_text(organization));
  response.add_header("ETag", entity_tag(organization.version));
  return response;
}

}  // namespace

void list_keys(exchange& x) {
  const auto page = take_page(x.query);
  if (auto known = x.query.finish(); !known) return x.answer(known.error());
  x.service().list_keys(x.caller, page, x.respond<core::page<core::api_key>>([](exchange&, const auto& found) {
    return json_response(200, page_text(found.items, found.next_cursor, [&](const auto& key) { return key_text(key); }));
  }));
}

void create_key(exchange& x) {
  auto input = read_body(x.json_body(), read_key);
  if (!input) return x.answer(input.error());
  answer_once<core::created_key>(
      x, [](exchange&, const auto& made) { return json_response(201, key_text(made.resource, made.secret)); },
      [input = *std::move(input)](exchange& y, const core::caller& who, core::reply<core::created_key> reply) {
        y.service().create_key(who, input, std::move(reply));
      });
}

void revoke_key(exchange& x) {
  const auto id = x.path_id<core::key_id>(0);
  if (!id) return x.answer(core::error{core::error_code::key_not_found, "there is no such key", {}, std::nullopt});
  x.service().revoke_key(x.caller, *id, x.respond<void>([](exchange&) {
    http_response response;
    response.status = 204;
    return response;
  }));
}

void list_organizations(exchange& x) {
  const auto page = take_page(x.query);
  if (auto known = x.query.finish(); !known) return x.answer(known.error());
  x.service().list_organizations(x.caller, page, x.respond<core::page<core::organization>>([](exchange&, const auto& found) {
    return json_response(200, page_text(found.items, found.next_cursor,
                                        [&](const auto& organization) { return organization_text(organization); }));
  }));
}

void create_organization(exchange& x) {
  auto input = read_body(x.json_body(), [](object_input& body) { return read_organization(body, organization_body::create); });
  if (!input) return x.answer(input.error());
  answer_once<core::organization>(
      x,
      [](exchange& y, const auto& made) {
        auto response = show_organization(201, made);
        response.add_header("Location", y.link("/v1/organizations/" + made.id.to_string()));
        return response;
      },
      [input = *std::move(input)](exchange& y, const core::caller& who, core::reply<core::organization> reply) {
        y.service().create_organization(who, input, std::move(reply));
      });
}

void get_organization(exchange& x) {
  if (const auto id = organization_in_path(x))
    x.service().get_organization(x.caller, *id, x.respond<core::organization>([](exchange& y, const auto& found) {
      if (!none_match_names(y.request.headers.if_none_match, found.version)) return show_organization(200, found);
      http_response response;
      response.status = 304;
      response.add_header("ETag", entity_tag(found.version));
      return response;
    }));
}

void patch_organization(exchange& x) {
  const auto id = organization_in_path(x);
  if (!id) return;
  auto input = read_body(x.json_body(), [](object_input& body) { return read_organization(body, organization_body::patch); });
  if (!input) return x.answer(input.error());
  with_expected_version(
      x,
      [&x, id](const version_reply& then) {
        x.service().get_organization(x.caller, *id, [then](core::result<core::organization> o) {
          if (!o) return then(core::fail(o.error()));
          then(o->version);
        });
      },
      [id = *id, input = std::move(*input)](exchange& y, std::uint64_t expected) {
        y.service().update_organization(
            y.caller, id, input, expected,
            y.respond<core::organization>([](exchange&, const auto& o) { return show_organization(200, o); }));
      });
}

}  // namespace waybill::api
