// SPDX-License-Identifier: Apache-2.0
#include "tests/api/fake_service.hpp"

#include <utility>

#include "tests/api/fake_samples.hpp"
#include "tests/api/fake_service_reply.hpp"

namespace waybill::tests {

using namespace core;

void fake_service::create_destination(const caller& who, destination_input said, bool first, reply<created_destination> reply) {
  note("create_destination", who, [&] { destination_said = std::move(said), test_first = first; });
  give(std::move(reply), result<created_destination>{created_destination{one_destination(1), one_secret("whsec_clear")}});
}

void fake_service::get_destination(const caller& who, destination_id id, reply<destination> reply) {
  note("get_destination", who);
  if (id != known_destination)
    return give<destination>(std::move(reply), fail(error_code::destination_not_found, "no such destination"));
  give(std::move(reply), result<destination>{one_destination(version)});
}

void fake_service::list_destinations(const caller& who, destination_filter filter, page_request page,
                                     reply<core::page<destination>> reply) {
  note("list_destinations", who, [&] { destinations = filter, paging = page; });
  give(std::move(reply), result<core::page<destination>>{core::page<destination>{{one_destination(version)}, next_cursor}});
}

void fake_service::update_destination(const caller& who, destination_id, destination_input said, update_kind kind,
                                      std::uint64_t expected, bool first, reply<destination> reply) {
  note("update_destination", who,
       [&] { destination_said = std::move(said), update = kind, expected_version = expected, test_first = first; });
  if (expected != 0 && expected != version)
    return give<destination>(std::move(reply), fail(error_code::precondition_failed, "changed in the meantime"));
  give(std::move(reply), result<destination>{one_destination(version + 1)});
}

void fake_service::delete_destination(const caller& who, destination_id, std::uint64_t expected, reply<void> reply) {
  note("delete_destination", who, [&] { expected_version = expected; });
  if (expected != 0 && expected != version)
    return give<void>(std::move(reply), fail(error_code::precondition_failed, "changed in the meantime"));
  give(std::move(reply), result<void>{});
}

void fake_service::set_destination_state(const caller& who, destination_id, destination_state wanted, std::string why,
                                         reply<destination> reply) {
  note("set_destination_state", who, [&] { state = wanted, reason = std::move(why); });
  auto d = one_destination(version + 1);
  d.state = wanted;
  give(std::move(reply), result<destination>{std::move(d)});
}

void fake_service::test_destination(const caller& who, destination_id, reply<connection_test> reply) {
  note("test_destination", who);
  give(std::move(reply), result<connection_test>{connection_test{true, failure_category::none, 200, "fine", milliseconds{5}}});
}

void fake_service::test_destination(const caller& who, destination_input said, reply<connection_test> reply) {
  note("test_new_destination", who, [&] { destination_said = std::move(said); });
  give(std::move(reply),
       result<connection_test>{connection_test{false, failure_category::network, 0, "refused", milliseconds{5}}});
}

void fake_service::get_health(const caller& who, destination_id id, reply<destination_health> reply) {
  note("get_health", who);
  destination_health h;
  h.destination = id;
  h.status = health_status::degraded;
  h.success_rate = 0.5;
  h.response_p50 = milliseconds{12};
  give(std::move(reply), result<destination_health>{h});
}

void fake_service::get_destination_queue(const caller& who, destination_id, reply<queue_report> reply) {
  note("get_destination_queue", who);
  give(std::move(reply), result<queue_report>{one_queue()});
}

void fake_service::list_secrets(const caller& who, destination_id, reply<std::vector<signing_secret>> reply) {
  note("list_secrets", who);
  give(std::move(reply), result<std::vector<signing_secret>>{std::vector{one_secret("")}});
}

void fake_service::add_secret(const caller& who, destination_id, secret_input said, reply<signing_secret> reply) {
  note("add_secret", who, [&] { secret_said = std::move(said); });
  give(std::move(reply), result<signing_secret>{one_secret("whsec_clear")});
}

void fake_service::rotate_secret(const caller& who, destination_id, secret_input said, reply<signing_secret> reply) {
  note("rotate_secret", who, [&] { secret_said = std::move(said); });
  give(std::move(reply), result<signing_secret>{one_secret("whsec_clear")});
}

void fake_service::delete_secret(const caller& who, destination_id, secret_id id, reply<void> reply) {
  note("delete_secret", who);
  if (id != known_secret) return give<void>(std::move(reply), fail(error_code::secret_not_found, "no such secret"));
  give(std::move(reply), result<void>{});
}

void fake_service::destination_types(const caller& who, reply<std::vector<destination_type>> reply) {
  note("destination_types", who);
  give(std::move(reply), result<std::vector<destination_type>>{std::vector{one_type()}});
}

}  // namespace waybill::tests
