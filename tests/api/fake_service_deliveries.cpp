// SPDX-License-Identifier: Apache-2.0
#include "tests/api/fake_service.hpp"

#include <utility>

#include "tests/api/fake_samples.hpp"
#include "tests/api/fake_service_reply.hpp"

namespace waybill::tests {

using namespace core;

void fake_service::deliver(const caller& who, delivery_request said, reply<delivery_receipt> reply) {
  delivery_receipt receipt;
  receipt.id = recording_ ? known_delivery : delivery_id::make();
  receipt.queued_at = moment();
  receipt.replayed = replayed;
  const auto targets = said.destinations.empty() ? std::vector{known_destination} : said.destinations;
  for (const auto& id : targets) receipt.destinations.push_back({id, known_task, task_status::pending});
  note("deliver", who, [&] { request = std::move(said); });
  give(std::move(reply), result<delivery_receipt>{std::move(receipt)});
}

void fake_service::get_delivery(const caller& who, delivery_id id, reply<delivery_view> reply) {
  note("get_delivery", who);
  if (id != known_delivery)
    return give<delivery_view>(std::move(reply), fail(error_code::delivery_not_found, "no such delivery"));
  give(std::move(reply), result<delivery_view>{one_view()});
}

void fake_service::list_deliveries(const caller& who, delivery_filter filter, page_request page,
                                   reply<core::page<delivery_view>> reply) {
  note("list_deliveries", who, [&] { deliveries = filter, paging = page; });
  give(std::move(reply), result<core::page<delivery_view>>{core::page<delivery_view>{{one_view()}, next_cursor}});
}

void fake_service::get_payload(const caller& who, delivery_id, reply<delivery_ptr> reply) {
  note("get_payload", who);
  auto stored = one_delivery();
  stored.content = R"({"exact": 0.1000})";
  if (!stored_payload.empty()) {
    stored.content.clear();
    stored.payload = known_payload;
    stored.payload_size = stored_payload.size();
  }
  give(std::move(reply), result<delivery_ptr>{std::make_shared<const delivery>(std::move(stored))});
}

void fake_service::get_attempt(const caller& who, delivery_id, attempt_id id, reply<attempt> reply) {
  note("get_attempt", who);
  if (id != known_attempt) return give<attempt>(std::move(reply), fail(error_code::attempt_not_found, "no such attempt"));
  give(std::move(reply), result<attempt>{one_attempt()});
}

void fake_service::retry_delivery(const caller& who, delivery_id, std::vector<destination_id> some,
                                  reply<delivery_view> reply) {
  note("retry_delivery", who, [&] { only = std::move(some); });
  give(std::move(reply), result<delivery_view>{one_view()});
}

void fake_service::cancel_delivery(const caller& who, delivery_id, std::vector<destination_id> some,
                                   reply<delivery_view> reply) {
  note("cancel_delivery", who, [&] { only = std::move(some); });
  give(std::move(reply), result<delivery_view>{one_view()});
}

void fake_service::list_dead_letters(const caller& who, dead_letter_filter filter, page_request page,
                                     reply<core::page<dead_letter>> reply) {
  note("list_dead_letters", who, [&] { letters = filter, paging = page; });
  give(std::move(reply),
       result<core::page<dead_letter>>{core::page<dead_letter>{{{one_task(), "report", "corr"}}, next_cursor}});
}

void fake_service::get_queue(const caller& who, reply<queue_report> reply) {
  note("get_queue", who);
  give(std::move(reply), result<queue_report>{one_queue()});
}

}  // namespace waybill::tests
