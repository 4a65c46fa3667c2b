// SPDX-License-Identifier: Apache-2.0
#include "core/model/legal_hold.hpp"

#include <algorithm>

#include "core/model/enum_names.hpp"

namespace waybill::core {
namespace {

constexpr enum_names<data_scope, 5> scopes{{"organization", "correlationId", "tag", "delivery", "destination"}};

bool covers(const legal_hold& hold, const delivery& of, const std::vector<destination_id>& destinations) {
  switch (hold.scope) {
    case data_scope::organization:
      return true;
    case data_scope::correlation_id:
      return of.correlation_id == hold.value;
    case data_scope::tag:
      return std::find(of.tags.begin(), of.tags.end(), hold.value) != of.tags.end();
    case data_scope::delivery:
      return of.id.to_string() == hold.value;
    case data_scope::destination: {
      const auto wanted = destination_id::parse(hold.value);
      return wanted && std::find(destinations.begin(), destinations.end(), *wanted) != destinations.end();
    }
  }
  return true;
}

}  // namespace

std::string_view to_string(data_scope scope) { return scopes.of(scope); }
std::optional<data_scope> data_scope_from(std::string_view text) { return scopes.from(text); }

const legal_hold* find_hold(const std::vector<legal_hold>& holds, const delivery& of,
                            const std::vector<destination_id>& destinations) {
  for (const auto& hold : holds)
    if (covers(hold, of, destinations)) return &hold;
  return nullptr;
}

const legal_hold* find_organization_hold(const std::vector<legal_hold>& holds) {
  for (const auto& hold : holds)
    if (hold.scope == data_scope::organization) return &hold;
  return nullptr;
}

}  // namespace waybill::core
