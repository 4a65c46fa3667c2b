// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "api/http_request.hpp"

namespace waybill::api {

class exchange;
struct api_context;

enum class route_access : std::uint8_t { open = 1, key };
/// What body a route takes: none at all, JSON that may be left out, JSON, or a merge patch (RFC 7396; plain JSON is taken as
/// one), or any bytes, which may stream.
enum class route_body : std::uint8_t { none = 1, optional_json, json, merge_patch, bytes };
enum class route_query : std::uint8_t { none = 1, parameters };

/// One line of the table: what api/openapi.yaml calls an operation. `body` and `query` are checked before `handle` runs; a
/// handler with parameters takes them out and calls query.finish.
struct route {
  http_method method;
  std::string_view path;  ///< parameters in braces, each a whole segment
  route_access access;
  route_body body;
  route_query query;
  void (*handle)(exchange&);
};

/// Every route of this version.
struct route_span {
  const route* first;
  std::size_t count;
  [[nodiscard]] const route* begin() const { return first; }
  [[nodiscard]] const route* end() const { return first + count; }
};
[[nodiscard]] route_span all_routes();

struct route_match {
  const route* found = nullptr;
  std::array<std::string_view, 2> parameters;  ///< as they stand in the path
  std::string allowed;                         ///< the path is known but not with this method: the methods it has ("GET, HEAD")
};
[[nodiscard]] route_match match_route(http_method method, std::string_view path);

/// Decides a request: headers, route, key, rate, media type, body; then calls its handler, which answers now or later. The way
/// of every request but those that never became one (http_socket).
void dispatch(exchange& x);

}  // namespace waybill::api
