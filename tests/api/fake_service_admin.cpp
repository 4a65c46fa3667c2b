// SPDX-License-Identifier: Apache-2.0
#include "tests/api/fake_service.hpp"

#include <utility>

#include "tests/api/fake_samples.hpp"
#include "tests/api/fake_service_reply.hpp"

namespace waybill::tests {

using namespace core;

void fake_service::list_keys(const caller& who, page_request page, reply<core::page<api_key>> reply) {
  note("list_keys", who, [&] { paging = page; });
  give(std::move(reply), result<core::page<api_key>>{core::page<api_key>{{one_key()}, next_cursor}});
}

void fake_service::create_key(const caller& who, key_input said, reply<created_key> reply) {
  note("create_key", who, [&] { key_said = std::move(said); });
  give(std::move(reply), result<created_key>{created_key{one_key(), "wbk_new_secret"}});
}

void fake_service::revoke_key(const caller& who, key_id id, reply<void> reply) {
  note("revoke_key", who);
  if (id != known_key) return give<void>(std::move(reply), fail(error_code::key_not_found, "no such key"));
  give(std::move(reply), result<void>{});
}

void fake_service::list_organizations(const caller& who, page_request page, reply<core::page<core::organization>> reply) {
  note("list_organizations", who, [&] { paging = page; });
  give(std::move(reply),
       result<core::page<core::organization>>{core::page<core::organization>{{one_organization(version)}, next_cursor}});
}

void fake_service::create_organization(const caller& who, organization_input said, reply<core::organization> reply) {
  note("create_organization", who, [&] { organization_said = std::move(said); });
  give(std::move(reply), result<core::organization>{one_organization(1)});
}

void fake_service::get_organization(const caller& who, organization_id id, reply<core::organization> reply) {
  note("get_organization", who);
  if (id != organization)
    return give<core::organization>(std::move(reply), fail(error_code::organization_not_found, "no such organization"));
  give(std::move(reply), result<core::organization>{one_organization(version)});
}

void fake_service::update_organization(const caller& who, organization_id, organization_input said, std::uint64_t expected,
                                       reply<core::organization> reply) {
  note("update_organization", who, [&] { organization_said = std::move(said), expected_version = expected; });
  if (expected != 0 && expected != version)
    return give<core::organization>(std::move(reply), fail(error_code::precondition_failed, "changed in the meantime"));
  give(std::move(reply), result<core::organization>{one_organization(version + 1)});
}

void fake_service::check_readiness(reply<readiness> reply) {
  give(std::move(reply), result<readiness>{readiness{ready, {{"store", ready, "secret path"}}}});
}

result<caller> fake_service::authenticate(std::string_view presented, std::string_view acting_for, std::string_view) {
  caller who;
  who.organization = organization;
  who.key = known_key;
  if (presented == admin_key) {
    who.roles.add(role::admin);
  } else if (presented == viewer_key) {
    who.roles.add(role::viewer);
  } else if (presented == operator_key) {
    who.roles.add(role::engine);
  } else {
    return fail(error_code::unauthenticated, "not a key of this node");
  }
  if (!acting_for.empty() && presented != operator_key)
    return fail(error_code::forbidden, "only the operator key crosses organizations");
  if (!acting_for.empty()) who.organization = organization_id::parse(acting_for).value_or(organization_id{});
  return who;
}

}  // namespace waybill::tests
