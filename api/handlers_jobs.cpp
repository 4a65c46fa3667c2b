// SPDX-License-Identifier: Apache-2.0
#include "api/exchange.hpp"
#include "api/handlers.hpp"
#include "api/json_input.hpp"
#include "api/json_job.hpp"
#include "api/json_text.hpp"
#include "api/list_query.hpp"
#include "api/path_ids.hpp"

namespace waybill::api {

namespace {

http_response show_job(exchange& x, const core::job& j) {
  const auto reader = x.sees_operator_text() ? audience::operators : audience::customer;
  return json_response(200, job_text(j, reader, x.context().options.public_url));
}

void change(exchange& x, core::job_change what) {
  if (const auto id = job_in_path(x)) x.service().change_job(x.caller, *id, what, x.respond<core::job>(show_job));
}

}  // namespace

void list_jobs(exchange& x) {
  core::job_filter filter;
  filter.work = take_word(x.query, "kind", core::job_work_from);
  filter.state = take_word(x.query, "state", core::job_state_from);
  const auto page = take_page(x.query);
  if (auto known = x.query.finish(); !known) return x.answer(known.error());
  x.service().list_jobs(x.caller, filter, page, x.respond<core::page<core::job>>([](exchange& y, const auto& found) {
    const auto reader = y.sees_operator_text() ? audience::operators : audience::customer;
    return json_response(200, page_text(found.items, found.next_cursor,
                                        [&](const auto& j) { return job_text(j, reader, y.context().options.public_url); }));
  }));
}

void get_job(exchange& x) {
  if (const auto id = job_in_path(x)) x.service().get_job(x.caller, *id, x.respond<core::job>(show_job));
}

void pause_job(exchange& x) { change(x, {core::job_change::kind::pause, 0}); }
void resume_job(exchange& x) { change(x, {core::job_change::kind::resume, 0}); }
void cancel_job(exchange& x) { change(x, {core::job_change::kind::cancel, 0}); }

void patch_job(exchange& x) {
  auto rate = read_body(x.json_body(), [](object_input& body) {
    body.require("ratePerSecond");
    return body.integer("ratePerSecond", 1, core::most_job_rate).value_or(0);
  });
  if (!rate) return x.answer(rate.error());
  change(x, {core::job_change::kind::rate, static_cast<std::uint32_t>(*rate)});
}

}  // namespace waybill::api
