// SPDX-License-Identifier: Apache-2.0
#include "api/path_ids.hpp"

#include <utility>

#include "api/exchange.hpp"

namespace waybill::api {

namespace {

template <class Id>
std::optional<Id> first_id(exchange& x, core::error_code otherwise, const char* message) {
  const auto id = x.path_id<Id>(0);
  if (!id) x.answer(core::error{otherwise, message, {}, std::nullopt});
  return id;
}

}  // namespace

std::optional<core::delivery_id> delivery_in_path(exchange& x) {
  return first_id<core::delivery_id>(x, core::error_code::delivery_not_found, "there is no such delivery");
}

std::optional<core::destination_id> destination_in_path(exchange& x) {
  return first_id<core::destination_id>(x, core::error_code::destination_not_found, "there is no such destination");
}

std::optional<core::organization_id> organization_in_path(exchange& x) {
  return first_id<core::organization_id>(x, core::error_code::organization_not_found, "there is no such organization");
}

std::optional<core::job_id> job_in_path(exchange& x) {
  return first_id<core::job_id>(x, core::error_code::job_not_found, "there is no such job");
}

}  // namespace waybill::api
