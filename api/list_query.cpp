// SPDX-License-Identifier: Apache-2.0
#include "api/list_query.hpp"

#include <charconv>

namespace waybill::api {

namespace {

constexpr std::uint32_t max_limit = 500;
constexpr std::size_t max_cursor_bytes = 1'024;

}  // namespace

core::page_request take_page(query_parameters& query) {
  core::page_request page;
  if (const auto limit = query.take("limit")) {
    const auto* end = limit->data() + limit->size();
    const auto read = std::from_chars(limit->data(), end, page.limit);
    if (read.ec != std::errc{} || read.ptr != end || page.limit < 1 || page.limit > max_limit)
      query.fault("limit", "range", "must be an integer from 1 to 500");
  }
  if (auto cursor = query.take("cursor")) {
    if (cursor->empty() || cursor->size() > max_cursor_bytes)
      query.fault("cursor", "format", "not a cursor that an answer gave");
    page.cursor = std::move(*cursor);
  }
  return page;
}

std::optional<core::utc_time> take_time(query_parameters& query, std::string_view name) {
  const auto value = query.take(name);
  if (!value) return std::nullopt;
  const auto time = core::parse_rfc3339(*value);
  if (!time)
    query.fault(name, "format", "an RFC 3339 date and time such as 2026-01-01T00:00:00.000Z (a '+' must be sent as %2B)");
  return time;
}

std::string take_text(query_parameters& query, std::string_view name) {
  auto value = query.take(name);
  if (!value) return {};
  if (value->empty() || value->size() > 255) query.fault(name, "length", "must be 1 to 255 bytes");
  return std::move(*value);
}

bool take_flag(query_parameters& query, std::string_view name) {
  const auto value = query.take(name);
  if (value && *value != "true" && *value != "false") query.fault(name, "enum", "must be true or false");
  return value && *value == "true";
}

}  // namespace waybill::api
