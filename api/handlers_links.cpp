// SPDX-License-Identifier: Apache-2.0
#include <optional>
#include <string>
#include <utility>

#include "api/exchange.hpp"
#include "api/handlers.hpp"
#include "api/json_link.hpp"
#include "api/json_text.hpp"
#include "api/list_query.hpp"

namespace waybill::api {

namespace {

std::optional<core::link_id> link_in_path(exchange& x) {
  const auto id = x.path_id<core::link_id>(0);
  if (!id) x.answer(core::error{core::error_code::link_not_found, "there is no such download link", {}, std::nullopt});
  return id;
}

std::string text_of(exchange& x, const core::shown_link& shown) {
  return link_text(shown, x.context().clock.now(), x.context().options.public_url);
}

}  // namespace

void list_download_links(exchange& x) {
  core::link_filter filter;
  filter.delivery = take_id<core::delivery_id>(x.query, "deliveryId");
  filter.destination = take_id<core::destination_id>(x.query, "destinationId");
  const auto page = take_page(x.query);
  if (auto known = x.query.finish(); !known) return x.answer(known.error());
  x.service().list_links(
      x.caller, std::move(filter), page, x.respond<core::page<core::shown_link>>([](exchange& y, const auto& found) {
        return json_response(200, page_text(found.items, found.next_cursor, [&](const auto& l) { return text_of(y, l); }));
      }));
}

void get_download_link(exchange& x) {
  if (const auto id = link_in_path(x))
    x.service().get_link(x.caller, *id, x.respond<core::shown_link>([](exchange& y, const auto& link) {
      return json_response(200, text_of(y, link));
    }));
}

void list_download_accesses(exchange& x) {
  const auto page = take_page(x.query);
  if (auto known = x.query.finish(); !known) return x.answer(known.error());
  if (const auto id = link_in_path(x))
    x.service().list_link_accesses(x.caller, *id, page,
                                   x.respond<core::page<core::link_access>>([](exchange&, const auto& found) {
                                     return json_response(200, page_text(found.items, found.next_cursor, access_text));
                                   }));
}

void revoke_download_link(exchange& x) {
  if (const auto id = link_in_path(x))
    x.service().revoke_link(x.caller, *id, x.respond<core::shown_link>([](exchange& y, const auto& link) {
      return json_response(200, text_of(y, link));
    }));
}

void issue_download_password(exchange& x) {
  if (const auto id = link_in_path(x))
    x.service().issue_link_password(x.caller, *id, x.respond<core::issued_password>([](exchange& y, const auto& issued) {
      return json_response(200, issued_password_text(issued, y.context().clock.now(), y.context().options.public_url));
    }));
}

}  // namespace waybill::api
