// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "api/exchange.hpp"
#include "api/handlers.hpp"
#include "api/idempotency.hpp"
#include "api/json_input.hpp"
#include "api/json_job.hpp"
#include "api/json_text.hpp"
#include "api/list_query.hpp"

namespace waybill::api {

namespace {

constexpr std::size_t max_named = 1'000;

struct action {
  core::job_input job;
  bool dry_run = false;
};

/// A list of ids as a filter: an empty one would read as "no filter", and take every dead letter there is.
template <class Id>
std::vector<Id> read_ids(object_input& body, const char* name) {
  auto ids = body.ids<Id>(name, max_named).value_or(std::vector<Id>{});
  if (body.find(name) && ids.empty()) body.fault(name, "minItems", "name at least one, or leave the member out");
  return ids;
}

/// The filters of the list by the same names; a list of ids in the plural.
core::dead_letter_filter read_filter(object_input& body) {
  core::dead_letter_filter filter;
  filter.destinations = read_ids<core::destination_id>(body, "destinationIds");
  if (const auto id = body.id<core::destination_id>("destinationId"))
    if (std::find(filter.destinations.begin(), filter.destinations.end(), *id) == filter.destinations.end())
      filter.destinations.push_back(*id);
  filter.tasks = read_ids<core::task_id>(body, "taskIds");
  if (const auto category = body.text("category")) {
    filter.category = core::failure_category_from(*category);
    if (!filter.category || *filter.category == core::failure_category::none)
      body.fault("category", "enum", "not a category of failures");
  }
  filter.destination_type = body.text("type").value_or("");
  filter.payload_type = body.text("payloadType").value_or("");
  filter.tag = body.text("tag").value_or("");
  filter.correlation_id = body.text("correlationId").value_or("");
  filter.from = body.time("from");
  filter.to = body.time("to");
  return filter;
}

action read_action(object_input& body, core::job_work work) {
  action wanted;
  wanted.job.work = work;
  wanted.job.filter = read_filter(body);
  if (const auto rate = body.integer("ratePerSecond", 1, core::most_job_rate))
    wanted.job.rate_per_second = static_cast<std::uint32_t>(*rate);
  wanted.dry_run = body.boolean("dryRun").value_or(false);
  return wanted;
}

http_response show_made(exchange& x, const core::job& made) {
  const auto& base = x.context().options.public_url;
  auto response = json_response(202, job_text(made, audience::operators, base));
  response.add_header("Location", base + "/v1/jobs/" + made.id.to_string());
  return response;
}

void act_on_dead_letters(exchange& x, core::job_work work) {
  auto wanted = read_body(x.json_body(), [work](object_input& body) { return read_action(body, work); });
  if (!wanted) return x.answer(wanted.error());
  if (!wanted->dry_run)
    return answer_once<core::job>(
        x, show_made, [job = std::move(wanted->job)](exchange& y, const core::caller& who, core::reply<core::job> reply) {
          y.service().create_job(who, job, std::move(reply));
        });
  x.service().preview_dead_letters(x.caller, std::move(wanted->job.filter),
                                   x.respond<core::dead_letter_preview>([](exchange& y, const auto& preview) {
                                     return json_response(200, preview_text(preview, y.context().options.public_url));
                                   }));
}

}  // namespace

void list_dead_letters(exchange& x) {
  core::dead_letter_filter filter;
  filter.destinations = take_ids<core::destination_id>(x.query, "destinationId");
  filter.tasks = take_ids<core::task_id>(x.query, "taskId");
  filter.category = take_word(x.query, "category", core::failure_category_from);
  filter.destination_type = take_text(x.query, "type");
  filter.payload_type = take_text(x.query, "payloadType");
  filter.tag = take_text(x.query, "tag");
  filter.correlation_id = take_text(x.query, "correlationId");
  filter.from = take_time(x.query, "from");
  filter.to = take_time(x.query, "to");
  const auto page = take_page(x.query);
  if (auto known = x.query.finish(); !known) return x.answer(known.error());
  x.service().list_dead_letters(x.caller, std::move(filter), page,
                                x.respond<core::page<core::dead_letter>>([](exchange& y, const auto& found) {
                                  return json_response(200, page_text(found.items, found.next_cursor, [&](const auto& letter) {
                                                         return dead_letter_text(letter, y.context().options.public_url);
                                                       }));
                                }));
}

void get_dead_letter(exchange& x) {
  const auto id = x.path_id<core::task_id>(0);
  if (!id) return x.answer(core::error{core::error_code::not_found, "there is no such dead letter", {}, std::nullopt});
  x.service().get_dead_letter(x.caller, *id, x.respond<core::dead_letter>([](exchange& y, const auto& letter) {
    const auto reader = y.sees_operator_text() ? audience::operators : audience::customer;
    return json_response(200, dead_letter_text(letter, reader, y.context().options.public_url));
  }));
}

void redrive_dead_letters(exchange& x) { act_on_dead_letters(x, core::job_work::redrive); }
void discard_dead_letters(exchange& x) { act_on_dead_letters(x, core::job_work::discard); }

}  // namespace waybill::api
