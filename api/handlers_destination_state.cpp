// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "api/exchange.hpp"
#include "api/handlers.hpp"
#include "api/idempotency.hpp"
#include "api/json_destination.hpp"
#include "api/json_input.hpp"
#include "api/json_text.hpp"
#include "api/path_ids.hpp"

namespace waybill::api {

namespace {

http_response show_test(exchange& x, const core::connection_test& test) {
  return json_response(200, test_text(test, x.sees_operator_text() ? audience::operators : audience::customer));
}

/// Enable and disable: `{reason?}`.
void set_state(exchange& x, core::destination_state state) {
  const auto id = destination_in_path(x);
  if (!id) return;
  auto reason = read_body(x.json_body(), [](object_input& body) { return body.text("reason", {1, 500}).value_or(""); });
  if (!reason) return x.answer(reason.error());
  if (reason->empty() && state == core::destination_state::disabled) *reason = "disabled by hand";
  x.service().set_destination_state(x.caller, *id, state, std::move(*reason),
                                    x.on_reply<core::destination>(answer_with_destination));
}

using secret_action = void (core::delivery_service::*)(const core::caller&, core::destination_id, core::secret_input,
                                                       core::reply<core::signing_secret>);

void make_secret(exchange& x, secret_action action) {
  const auto id = destination_in_path(x);
  if (!id) return;
  auto input = read_body(x.json_body(), read_secret);
  if (!input) return x.answer(input.error());
  answer_once<core::signing_secret>(
      x, [](exchange&, const core::signing_secret& made) { return json_response(201, secret_text(made)); },
      [id = *id, input = *std::move(input), action](exchange& y, const core::caller& who,
                                                    core::reply<core::signing_secret> reply) {
        (y.service().*action)(who, id, input, std::move(reply));
      });
}

}  // namespace

void test_new_destination(exchange& x) {
  auto input = read_body(x.json_body(), [](object_input& body) { return read_destination(body, input_kind::probe); });
  if (!input) return x.answer(input.error());
  x.service().test_destination(x.caller, std::move(*input), x.respond<core::connection_test>(show_test));
}

void test_destination(exchange& x) {
  const auto id = destination_in_path(x);
  if (!id) return;
  x.service().test_destination(x.caller, *id, x.respond<core::connection_test>(show_test));
}

void enable_destination(exchange& x) { set_state(x, core::destination_state::enabled); }
void disable_destination(exchange& x) { set_state(x, core::destination_state::disabled); }

void get_destination_health(exchange& x) {
  if (const auto id = destination_in_path(x))
    x.service().get_health(x.caller, *id, x.respond<core::destination_health>([](exchange&, const auto& health) {
      return json_response(200, health_text(health));
    }));
}

void get_destination_queue(exchange& x) {
  if (const auto id = destination_in_path(x))
    x.service().get_destination_queue(x.caller, *id, x.respond<core::queue_report>([](exchange&, const auto& report) {
      return json_response(200, queue_text(report, true));
    }));
}

void list_secrets(exchange& x) {
  const auto id = destination_in_path(x);
  if (!id) return;
  x.service().list_secrets(x.caller, *id, x.respond<std::vector<core::signing_secret>>([](exchange&, const auto& secrets) {
    return json_response(200, page_text(secrets, {}, [&](const auto& secret) { return secret_text(secret); }));
  }));
}

void add_secret(exchange& x) { make_secret(x, &core::delivery_service::add_secret); }
void rotate_secret(exchange& x) { make_secret(x, &core::delivery_service::rotate_secret); }

void delete_secret(exchange& x) {
  const auto id = destination_in_path(x);
  if (!id) return;
  const auto secret = x.path_id<core::secret_id>(1);
  if (!secret) return x.answer(core::error{core::error_code::secret_not_found, "there is no such secret", {}, std::nullopt});
  x.service().delete_secret(x.caller, *id, *secret, x.respond<void>([](exchange&) {
    http_response response;
    response.status = 204;
    return response;
  }));
}

void list_destination_types(exchange& x) {
  x.service().destination_types(x.caller, x.respond<std::vector<core::destination_type>>([](exchange&, const auto& types) {
    return json_response(200, page_text(types, {}, [&](const auto& type) { return destination_type_text(type); }));
  }));
}

void get_destination_type(exchange& x) {
  using types = std::vector<core::destination_type>;
  x.service().destination_types(x.caller, x.on_reply<types>([](exchange& y, core::result<types> all) {
    if (!all) return y.answer(all.error());
    const auto found = std::find_if(all->begin(), all->end(), [&y](const auto& type) { return type.type == y.parameters[0]; });
    if (found == all->end())
      return y.answer(core::error{core::error_code::destination_type_not_found, "no plugin of this type is loaded", {}, {}});
    y.answer(json_response(200, destination_type_text(*found)));
  }));
}

}  // namespace waybill::api
