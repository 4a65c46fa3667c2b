// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/store/records.hpp"
#include "core/store/row_codec.hpp"
#include "core/store/sqlite/statement.hpp"
#include "core/store/stored_task.hpp"

namespace waybill::core::sqlite {

/// Reads what people configured: organizations, keys, destinations with their secrets, health and handler state. One
/// statement each, so none needs a snapshot. Lists go by id upwards, the oldest first.
class config_reader {
public:
  explicit config_reader(database& db);

  result<destination> load_destination(destination_id id);
  result<destination> get_destination(organization_id org, destination_id id);
  result<page<destination>> list_destinations(organization_id org, const destination_filter& filter,
                                              const page_request& request);
  result<page<destination>> all_destinations(const page_request& request);
  result<std::optional<organization_id>> owner_of(destination_id id);
  result<destination_health> get_health(destination_id id);
  result<std::vector<signing_secret>> signing_secrets(destination_id id, utc_time now);
  result<std::string> handler_state(destination_id id, std::string_view key);
  result<std::string> key_check();
  result<organization> get_organization(organization_id id);
  result<page<organization>> list_organizations(const page_request& request);
  result<page<api_key>> list_keys(organization_id org, const page_request& request);
  result<std::vector<api_key>> all_keys();

private:
  statement destination_;
  statement destination_list_;
  statement destination_all_;
  statement owner_;
  statement health_;
  statement secrets_;
  statement state_;
  statement key_check_;
  statement organization_;
  statement organization_list_;
  statement key_list_;
  statement key_all_;
};

}  // namespace waybill::core::sqlite
