// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/error.hpp"

namespace waybill::core {

/// An address range, v4 or v6, from CIDR text ("10.20.0.0/16"; a bare address is a range of one).
class ip_range {
public:
  [[nodiscard]] static result<ip_range> parse(std::string_view text);
  /// address: 4 or 16 bytes, network order. A v4-mapped v6 address counts as the v4 one.
  [[nodiscard]] bool contains(const std::uint8_t* address, std::size_t size) const;

private:
  std::uint8_t prefix_[16] = {};
  unsigned bits_ = 0;  ///< of the 128; a v4 range is stored v4-mapped
};

/// handlers.md, "The network guard": refuses private, loopback, link-local, CGNAT, multicast, unique-local, unspecified,
/// documentation and metadata addresses unless an allowed range holds them; looks through v4-mapped, NAT64 and 6to4 forms.
class network_guard {
public:
  explicit network_guard(std::vector<ip_range> allowed = {});
  [[nodiscard]] bool allows(const std::uint8_t* address, std::size_t size) const;

private:
  std::vector<ip_range> allowed_;
};

}  // namespace waybill::core
