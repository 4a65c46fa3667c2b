// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/store/records.hpp"
#include "core/store/sqlite/config_reader.hpp"
#include "core/store/sqlite/statement.hpp"

namespace waybill::core::sqlite {

/// Writes what people configure. Runs inside the writer's transaction. Unknown and foreign ids are *_not_found.
class config_writer {
public:
  config_writer(database& db, config_reader& reader);

  result<void> create_destination(const destination& d, const std::vector<signing_secret>& secrets);
  result<void> update_destination(const destination& d, std::uint64_t expected_version);
  /// destination_not_found, precondition_failed or nothing: may it be changed by who knows this version?
  result<void> check_version(organization_id org, destination_id id, std::uint64_t expected_version);
  /// The row and what hangs on it; its tasks are the caller's to cancel first.
  result<void> delete_destination(destination_id id);
  result<destination> set_destination_state(organization_id org, destination_id id, destination_state state,
                                            const std::string& reason, utc_time now);
  result<void> add_signing_secret(const signing_secret& s);
  result<void> expire_signing_secret(destination_id id, secret_id secret, utc_time at);
  result<void> put_key_check(std::string_view sealed);
  result<void> put_handler_state(destination_id id, std::string_view key, std::string_view value);

  result<void> create_organization(const organization& o);
  result<void> update_organization(const organization& o, std::uint64_t expected_version);
  result<void> create_key(const api_key& k);
  result<void> revoke_key(organization_id org, key_id id, utc_time now);
  result<void> touch_keys(const std::vector<std::pair<key_id, utc_time>>& used);
  result<std::uint64_t> sweep_idempotency(utc_time now, std::uint32_t limit);

private:
  config_reader& reader_;
  statement create_destination_;
  statement create_health_;
  statement update_destination_;
  statement delete_destination_;
  statement set_state_;
  statement reset_health_;
  statement add_secret_;
  statement expire_secret_;
  statement put_state_;
  statement put_key_check_;
  statement create_organization_;
  statement update_organization_;
  statement create_key_;
  statement revoke_key_;
  statement touch_key_;
  statement sweep_;
};

}  // namespace waybill::core::sqlite
