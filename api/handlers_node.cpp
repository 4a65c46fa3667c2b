// SPDX-License-Identifier: Apache-2.0
#include "api/embedded.hpp"
#include "api/exchange.hpp"
#include "api/handlers.hpp"
#include "api/json_delivery.hpp"
#include "api/json_text.hpp"

namespace waybill::api {

namespace {

/// The page is static and has no script; its style is inline.
constexpr std::string_view docs_policy =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

}  // namespace

void get_queue(exchange& x) {
  x.service().get_queue(x.caller, x.respond<core::queue_report>([](exchange& y, const auto& report) {
    return json_response(200, queue_text(report, y.caller.roles.has(core::role::engine)));
  }));
}

void get_liveness(exchange& x) { x.answer(json_response(200, R"({"status":"alive"})")); }

/// Which check fails is for everyone to see; why is not (the checks' details are written for operators, to the log).
void get_readiness(exchange& x) {
  x.service().check_readiness(x.respond<core::readiness>([](exchange& y, const auto& found) {
    const bool draining = y.context().draining.load();
    nlohmann::json checks = nlohmann::json::array();
    for (const auto& check : found.checks) checks.push_back({{"name", check.name}, {"ok", check.ok}});
    const bool ready = found.ready && !draining;
    return json_response(ready ? 200 : 503, to_text({{"ready", ready}, {"checks", std::move(checks)}}));
  }));
}

void get_metrics(exchange& x) {
  if (!x.context().options.serve_metrics)
    return x.answer(core::error{core::error_code::not_found, "metrics are turned off (telemetry.metrics)", {}, std::nullopt});
  http_response response;
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  response.body = x.context().metrics.render();
  x.answer(std::move(response));
}

void get_openapi(exchange& x) { x.answer(json_response(200, std::string{openapi_json()})); }

void get_docs(exchange& x) {
  http_response response;
  response.content_type = "text/html; charset=utf-8";
  response.body = std::string{docs_html()};
  response.own_policy = true;
  response.add_header("Content-Security-Policy", docs_policy);
  x.answer(std::move(response));
}

}  // namespace waybill::api
