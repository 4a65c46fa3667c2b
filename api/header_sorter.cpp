// SPDX-License-Identifier: Apache-2.0
#include "api/header_sorter.hpp"

#include <algorithm>
#include <utility>

namespace waybill::api {
namespace {

struct known_field {
  std::string_view name;  ///< in lower case
  std::string_view request_headers::*to;
};
constexpr known_field known[] = {
    {"authorization", &request_headers::authorization},
    {"content-type", &request_headers::content_type},
    {"content-encoding", &request_headers::content_encoding},
    {"content-digest", &request_headers::content_digest},
    {"repr-digest", &request_headers::repr_digest},
    {"if-match", &request_headers::if_match},
    {"if-none-match", &request_headers::if_none_match},
    {"x-organization-id", &request_headers::organization_id},
    {"traceparent", &request_headers::traceparent},
    {"range", &request_headers::range},
    {"if-range", &request_headers::if_range},
};

bool is_named(std::string_view name, std::string_view lower_case) {
  return name.size() == lower_case.size() && std::equal(name.begin(), name.end(), lower_case.begin(), [](char a, char b) {
           return (a >= 'A' && a <= 'Z' ? static_cast<char>(a | 0x20) : a) == b;
         });
}

}  // namespace

void header_sorter::take(std::string_view name, std::string_view value) {
  out_.bytes += name.size() + value.size() + 4;  // ": " and CRLF
  for (const auto& field : known)
    if (is_named(name, field.name)) return once(out_.*field.to, value);
  if (is_named(name, "idempotency-key")) {
    out_.repeated |= std::exchange(out_.idempotency_key_sent, true);
    out_.idempotency_key = value;
  } else if (is_named(name, "x-request-id")) {
    out_.request_id = value;
  } else if (is_named(name, "user-agent")) {
    out_.user_agent = value;
  } else if (is_named(name, "x-forwarded-for")) {
    out_.x_forwarded_for.push_back(value);
  } else if (is_named(name, "forwarded")) {
    out_.forwarded.push_back(value);
  }
}

void header_sorter::once(std::string_view& to, std::string_view value) {
  out_.repeated |= !to.empty();
  to = value;
}

}  // namespace waybill::api
