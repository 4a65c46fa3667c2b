// SPDX-License-Identifier: Apache-2.0
#include "tests/api/fake_samples.hpp"
#include "tests/api/fake_service.hpp"
#include "tests/api/fake_service_reply.hpp"

namespace waybill::tests {

using namespace core;

namespace {

audit_row one_row() {
  audit_row row;
  row.entry.chain = fake_service::organization;
  row.entry.at = moment();
  row.entry.actor = fake_service::known_key;
  row.entry.action = "destination.created";
  row.entry.subject = fake_service::known_destination.to_string();
  row.entry.details = R"({"requestId":"r-1"})";
  row.number = 7;
  row.hash.fill(0xab);
  return row;
}

legal_hold one_hold() {
  legal_hold hold;
  hold.organization = fake_service::organization;
  hold.scope = data_scope::tag;
  hold.value = "case-7";
  hold.reason = "a lawsuit";
  hold.placed_by = fake_service::known_key;
  hold.placed_at = moment();
  return hold;
}

erasure one_erasure() {
  erasure e;
  e.organization = fake_service::organization;
  e.scope = data_scope::correlation_id;
  e.reason = "on request";
  e.requested_by = fake_service::known_key;
  e.requested_at = moment();
  e.state = erasure_state::completed;
  e.erased = {{"deliveries", 2}};
  e.finished_at = moment();
  e.certificate = make_certificate(e, moment());
  return e;
}

}  // namespace

void fake_service::list_audit(const caller& who, std::optional<organization_id> chain, audit_filter filter, page_request page,
                              answer<core::page<audit_row>> reply) {
  note("list_audit", who, [&] { audit_chain = chain, audit = std::move(filter), paging = page; });
  give(std::move(reply), result<core::page<audit_row>>{core::page<audit_row>{{one_row()}, next_cursor}});
}

void fake_service::verify_audit(const caller& who, std::optional<organization_id> chain, std::uint64_t after,
                                answer<audit_verification> reply) {
  note("verify_audit", who, [&] { audit_chain = chain; });
  audit_verification v;
  v.checked = 3;
  v.reached = after + 3;
  v.complete = true;
  v.fault = audit_fault{4, "", "the row is missing"};
  give(std::move(reply), result<audit_verification>{v});
}

void fake_service::place_hold(const caller& who, scope_input said, answer<legal_hold> reply) {
  note("place_hold", who, [&] { scope_said = said; });
  give(std::move(reply), result<legal_hold>{one_hold()});
}

void fake_service::get_hold(const caller& who, hold_id, answer<legal_hold> reply) {
  note("get_hold", who);
  give(std::move(reply), result<legal_hold>{one_hold()});
}

void fake_service::list_holds(const caller& who, page_request page, answer<core::page<legal_hold>> reply) {
  note("list_holds", who, [&] { paging = page; });
  give(std::move(reply), result<core::page<legal_hold>>{core::page<legal_hold>{{one_hold()}, next_cursor}});
}

void fake_service::release_hold(const caller& who, hold_id, answer<void> reply) {
  note("release_hold", who);
  give(std::move(reply), result<void>{});
}

void fake_service::order_erasure(const caller& who, scope_input said, answer<erasure> reply) {
  note("order_erasure", who, [&] { scope_said = said; });
  give(std::move(reply), result<erasure>{one_erasure()});
}

void fake_service::get_erasure(const caller& who, erasure_id, answer<erasure> reply) {
  note("get_erasure", who);
  give(std::move(reply), result<erasure>{one_erasure()});
}

void fake_service::list_erasures(const caller& who, page_request page, answer<core::page<erasure>> reply) {
  note("list_erasures", who, [&] { paging = page; });
  give(std::move(reply), result<core::page<erasure>>{core::page<erasure>{{one_erasure()}, next_cursor}});
}

}  // namespace waybill::tests
