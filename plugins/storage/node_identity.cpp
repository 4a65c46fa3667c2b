// SPDX-License-Identifier: Apache-2.0
#include "node_identity.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace waybill::storage {
namespace {

using ipv6 = std::array<std::uint8_t, 16>;
constexpr ipv6 mapped_ipv4{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0};
constexpr std::size_t mapped_prefix = 12;
constexpr std::array<ipv6, 2> known{{
    {0xfd, 0x00, 0x0e, 0xc2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0x54},  // fd00:ec2::254, Amazon
    {0xfd, 0x20, 0x00, 0xce, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0x54},  // fd20:ce::254, Google
}};

[[nodiscard]] bool is_link_local_ipv4(const std::uint8_t* address) { return address[0] == 169 && address[1] == 254; }

// Azure's WireServer, which hands out an agent's secrets: 168.63.129.16. Alibaba's metadata: 100.100.100.200.
[[nodiscard]] bool is_known_ipv4(const std::uint8_t* address) {
  constexpr std::array<std::array<std::uint8_t, 4>, 2> hosts{{{168, 63, 129, 16}, {100, 100, 100, 200}}};
  return std::any_of(hosts.begin(), hosts.end(), [&](const auto& one) { return std::equal(one.begin(), one.end(), address); });
}

}  // namespace

bool is_metadata_address(const std::uint8_t* address, std::uint32_t size) {
  if (size == 4) return is_link_local_ipv4(address) || is_known_ipv4(address);
  if (size != 16) return true;
  if (std::equal(mapped_ipv4.begin(), mapped_ipv4.begin() + mapped_prefix, address))
    return is_metadata_address(address + mapped_prefix, 4);
  if (address[0] == 0xfe && (address[1] & 0xc0) == 0x80) return true;  // fe80::/10
  return std::any_of(known.begin(), known.end(), [&](const ipv6& one) { return std::equal(one.begin(), one.end(), address); });
}

bool leads_elsewhere(const std::string& endpoint, const transfer::endpoint_options& way) {
  return !endpoint.empty() || !way.proxy.url.empty() || !way.tls.ca_pem.empty();
}

transfer::connect_guard never_the_nodes_own(transfer::connect_guard guard) {
  return [guard = std::move(guard)](const std::uint8_t* address, std::uint32_t size, std::uint16_t port) {
    return !is_metadata_address(address, size) && guard && guard(address, size, port);
  };
}

}  // namespace waybill::storage
