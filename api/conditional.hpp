// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/error.hpp"

namespace waybill::api {

class exchange;

/// The entity tag of a version: `"7"`, strong (RFC 9110 section 8.8.3).
[[nodiscard]] std::string entity_tag(std::uint64_t version);

/// An If-Match (RFC 9110 section 13.1.1). Weak tags, and tags no resource here ever has, match nothing.
struct if_match {
  bool any = true;                      ///< no header, or `*`
  std::vector<std::uint64_t> versions;  ///< otherwise: those that would do

  /// malformed_request for what is no list of entity tags.
  [[nodiscard]] static core::result<if_match> parse(std::string_view header);
};
/// Does an If-None-Match name this version? (weak comparison, `*` always)
[[nodiscard]] bool none_match_names(std::string_view header, std::uint64_t version);

/// Runs `change(expected version, 0 for any)` as the request's If-Match asks. The service compares one version; where the
/// header names several, or none that can be, `current(then)` asks for the present one first and `change` gets that one,
/// so a change in between still ends in a 412.
using version_reply = std::function<void(core::result<std::uint64_t>)>;
void with_expected_version(exchange& x, const std::function<void(version_reply)>& current,
                           std::function<void(exchange&, std::uint64_t)> change);

}  // namespace waybill::api
