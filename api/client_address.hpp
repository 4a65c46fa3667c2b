// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/error.hpp"
#include "core/security/network_guard.hpp"

namespace waybill::api {

enum class forwarded_header : unsigned char { x_forwarded_for = 1, forwarded };

/// An address from text as it stands in X-Forwarded-For or in the `for` of Forwarded: v4, v6, [v6], with or without a port, in
/// quotes or not. In the form of inet_ntop, a v4-mapped one as v4. Nothing for a name, `unknown`, `_hidden` and anything else.
[[nodiscard]] std::optional<std::string> forwarded_address(std::string_view text);

/// For whom a request comes (server.trustedProxies, server.forwardedHeader). Immutable, thread-safe.
class client_addresses {
public:
  client_addresses() = default;
  /// validation_error for what is no range.
  [[nodiscard]] static core::result<client_addresses> from(const std::vector<std::string>& trusted,
                                                           forwarded_header from_where);

  [[nodiscard]] bool trusts_anybody() const { return !trusted_.empty(); }
  /// `lines`: the header's field lines as they came. Read from the right, as each proxy appends: the first address that is no
  /// trusted proxy's is the client's. What cannot be read ends the walk at the proxy that wrote it: nobody behind a proxy gets
  /// an address that it did not see.
  [[nodiscard]] std::string client_of(const std::string& peer, const std::vector<std::string_view>& lines) const;
  [[nodiscard]] forwarded_header header() const { return header_; }

private:
  [[nodiscard]] bool is_trusted(const std::string& address) const;

  std::vector<core::ip_range> trusted_;
  forwarded_header header_ = forwarded_header::x_forwarded_for;
};

}  // namespace waybill::api
