// SPDX-License-Identifier: Apache-2.0
#include "api/exchange.hpp"
#include "api/handlers.hpp"
#include "api/json_delivery.hpp"
#include "api/json_input.hpp"
#include "api/json_text.hpp"
#include "api/list_query.hpp"

namespace waybill::api {

namespace {

constexpr std::size_t max_named_tasks = 1'000;

/// The members of a redrive or a discard are the filters of the list, `taskIds` and `dryRun`.
core::dead_letter_action read_action(object_input& body) {
  core::dead_letter_action action;
  auto& filter = action.filter;
  filter.destination = body.id<core::destination_id>("destinationId");
  filter.tasks = body.ids<core::task_id>("taskIds", max_named_tasks).value_or(std::vector<core::task_id>{});
  if (body.find("taskIds") && filter.tasks.empty())
    // An empty list would read as "no filter", and take every dead letter there is.
    body.fault("taskIds", "minItems", "name at least one task, or leave the member out");
  if (const auto category = body.text("category")) {
    filter.category = core::failure_category_from(*category);
    if (!filter.category || *filter.category == core::failure_category::none)
      body.fault("category", "enum", "not a category of failures");
  }
  filter.destination_type = body.text("type").value_or("");
  filter.from = body.time("from");
  filter.to = body.time("to");
  action.dry_run = body.boolean("dryRun").value_or(false);
  return action;
}

using bulk_action = void (core::delivery_service::*)(const core::caller&, core::dead_letter_action, core::reply<std::uint64_t>);

void act_on_dead_letters(exchange& x, bulk_action action) {
  auto wanted = read_body(x.json_body(), read_action);
  if (!wanted) return x.answer(wanted.error());
  const bool dry_run = wanted->dry_run;
  (x.service().*action)(x.caller, std::move(*wanted), x.respond<std::uint64_t>([dry_run](exchange&, std::uint64_t count) {
    return json_response(200, to_text({{"count", count}, {"dryRun", dry_run}}));
  }));
}

}  // namespace

void list_dead_letters(exchange& x) {
  core::dead_letter_filter filter;
  filter.destination = take_id<core::destination_id>(x.query, "destinationId");
  filter.category = take_word(x.query, "category", core::failure_category_from);
  filter.destination_type = take_text(x.query, "type");
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

void redrive_dead_letters(exchange& x) { act_on_dead_letters(x, &core::delivery_service::redrive_dead_letters); }
void discard_dead_letters(exchange& x) { act_on_dead_letters(x, &core::delivery_service::discard_dead_letters); }

}  // namespace waybill::api
