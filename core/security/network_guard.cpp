// SPDX-License-Identifier: Apache-2.0
#include "core/security/network_guard.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <optional>
#include <utility>

#include <arpa/inet.h>

namespace waybill::core {
namespace {

using v6_bytes = std::array<std::uint8_t, 16>;

constexpr std::array<std::uint8_t, 12> v4_mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

v6_bytes mapped(const std::uint8_t* v4) {
  v6_bytes address{};
  std::copy(v4_mapped.begin(), v4_mapped.end(), address.begin());
  std::copy(v4, v4 + 4, address.begin() + 12);
  return address;
}

bool is_mapped(const v6_bytes& address) { return std::equal(v4_mapped.begin(), v4_mapped.end(), address.begin()); }

std::optional<v6_bytes> as_v6(const std::uint8_t* address, std::size_t size) {
  if (size == 4) return mapped(address);
  if (size != 16) return std::nullopt;
  v6_bytes copy;
  std::copy(address, address + 16, copy.begin());
  return copy;
}

bool same_prefix(const std::uint8_t* a, const std::uint8_t* b, unsigned bits) {
  const unsigned whole = bits / 8;
  if (std::memcmp(a, b, whole) != 0) return false;
  const unsigned rest = bits % 8;
  return rest == 0 || ((a[whole] ^ b[whole]) >> (8 - rest)) == 0;
}

struct block {
  std::array<std::uint8_t, 16> prefix;
  unsigned bits;
};
constexpr block v4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d, unsigned bits) {
  return {{a, b, c, d}, bits};
}
constexpr block v6(std::array<std::uint16_t, 8> groups, unsigned bits) {
  block out{{}, bits};
  for (std::size_t i = 0; i < 8; ++i) {
    out.prefix[2 * i] = static_cast<std::uint8_t>(groups[i] >> 8);
    out.prefix[2 * i + 1] = static_cast<std::uint8_t>(groups[i]);
  }
  return out;
}

// IANA IPv4 Special-Purpose Address Registry, the multicast and reserved space, and what clouds answer on. The few blocks
// there that are globally reachable (AS112, AMT) receive no deliveries either, so they are not excepted.
constexpr block refused_v4[] = {
    v4(0, 0, 0, 0, 8),         // this network, RFC 791
    v4(10, 0, 0, 0, 8),        // private, RFC 1918
    v4(100, 64, 0, 0, 10),     // carrier-grade NAT, RFC 6598; also Alibaba's metadata at 100.100.100.200
    v4(127, 0, 0, 0, 8),       // loopback
    v4(168, 63, 129, 16, 32),  // Azure's platform endpoint: a public address that only the host answers
    v4(169, 254, 0, 0, 16),    // link-local, RFC 3927; metadata at 169.254.169.254 and 169.254.170.2
    v4(172, 16, 0, 0, 12),     // private, RFC 1918
    v4(192, 0, 0, 0, 24),      // IETF protocol assignments, RFC 6890; Oracle's metadata at 192.0.0.192
    v4(192, 0, 2, 0, 24),      // documentation, RFC 5737
    v4(192, 31, 196, 0, 24),   // AS112, RFC 7535
    v4(192, 52, 193, 0, 24),   // AMT, RFC 7450
    v4(192, 88, 99, 0, 24),    // 6to4 relays, deprecated by RFC 7526
    v4(192, 168, 0, 0, 16),    // private, RFC 1918
    v4(192, 175, 48, 0, 24),   // AS112, RFC 7534
    v4(198, 18, 0, 0, 15),     // benchmarking, RFC 2544
    v4(198, 51, 100, 0, 24),   // documentation, RFC 5737
    v4(203, 0, 113, 0, 24),    // documentation, RFC 5737
    v4(224, 0, 0, 0, 4),       // multicast
    v4(240, 0, 0, 0, 4),       // reserved, and the limited broadcast
};

// Only 2000::/3 is given out as global unicast: everything outside it is refused (loopback, unspecified, discard 100::/64,
// NAT64 local use 64:ff9b:1::/48, SRv6 5f00::/16, unique-local fc00::/7 with the metadata fd00:ec2::254 and fd20:ce::254,
// link-local fe80::/10, site-local fec0::/10, multicast ff00::/8). These are the special blocks inside of it.
constexpr block global_unicast = v6({0x2000, 0, 0, 0, 0, 0, 0, 0}, 3);
constexpr block refused_v6[] = {
    v6({0x2001, 0, 0, 0, 0, 0, 0, 0}, 23),            // IETF protocol assignments, RFC 2928: Teredo, benchmarking, ORCHID, …
    v6({0x2001, 0x0db8, 0, 0, 0, 0, 0, 0}, 32),       // documentation, RFC 3849
    v6({0x2620, 0x004f, 0x8000, 0, 0, 0, 0, 0}, 48),  // AS112, RFC 7534
    v6({0x3fff, 0, 0, 0, 0, 0, 0, 0}, 20),            // documentation, RFC 9637
};

/// A form of IPv6 address that a translator or a tunnel turns into the IPv4 address it carries.
struct carrier {
  block range;
  std::size_t offset;  ///< of the four bytes
};
constexpr carrier carriers[] = {
    {v6({0, 0, 0, 0, 0, 0, 0, 0}, 96), 12},            // v4-compatible, RFC 4291, deprecated
    {v6({0, 0, 0, 0, 0xFFFF, 0, 0, 0}, 96), 12},       // SIIT, RFC 2765
    {v6({0x0064, 0xff9b, 0, 0, 0, 0, 0, 0}, 96), 12},  // NAT64, RFC 6052
    {v6({0x2002, 0, 0, 0, 0, 0, 0, 0}, 16), 2},        // 6to4, RFC 3056
};

std::optional<v6_bytes> carried(const v6_bytes& address) {
  for (const auto& form : carriers)
    if (same_prefix(address.data(), form.range.prefix.data(), form.range.bits)) return mapped(address.data() + form.offset);
  return std::nullopt;
}

bool is_public(const v6_bytes& address) {
  const auto in = [](const std::uint8_t* bytes) {
    return [bytes](const block& range) { return same_prefix(bytes, range.prefix.data(), range.bits); };
  };
  if (is_mapped(address)) return std::none_of(std::begin(refused_v4), std::end(refused_v4), in(address.data() + 12));
  return in(address.data())(global_unicast) && std::none_of(std::begin(refused_v6), std::end(refused_v6), in(address.data()));
}

auto not_a_range(const char* why) { return fail(error_code::validation_error, why); }

bool has_bits_beyond(const v6_bytes& address, unsigned bits) {
  for (unsigned i = bits; i < 128; ++i)
    if ((address[i / 8] >> (7 - i % 8) & 1) != 0) return true;
  return false;
}

}  // namespace

result<ip_range> ip_range::parse(std::string_view text) {
  const auto slash = text.find('/');
  const std::string host{text.substr(0, slash)};
  v6_bytes address{};
  std::uint8_t four[4];
  unsigned width = 128;
  if (host.size() != std::strlen(host.c_str())) return not_a_range("Must be an address or a range such as 10.20.0.0/16.");
  if (::inet_pton(AF_INET, host.c_str(), four) == 1) {
    address = mapped(four);
    width = 32;
  } else if (::inet_pton(AF_INET6, host.c_str(), address.data()) != 1) {
    return not_a_range("Must be an address or a range such as 10.20.0.0/16 or fd00::/8.");
  }
  unsigned prefix = width;
  if (slash != std::string_view::npos) {
    const auto digits = text.substr(slash + 1);
    const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), prefix);
    if (problem != std::errc{} || end != digits.data() + digits.size() || digits.size() > 3 || prefix > width)
      return not_a_range(width == 32 ? "The prefix length must be from 0 to 32." : "The prefix length must be from 0 to 128.");
  }
  ip_range range;
  range.bits_ = prefix + (128 - width);
  if (has_bits_beyond(address, range.bits_))
    return not_a_range("The address has bits set beyond the prefix length: give the first address of the range.");
  std::copy(address.begin(), address.end(), range.prefix_);
  return range;
}

bool ip_range::contains(const std::uint8_t* address, std::size_t size) const {
  const auto wide = as_v6(address, size);
  return wide && same_prefix(wide->data(), prefix_, bits_);
}

network_guard::network_guard(std::vector<ip_range> allowed) : allowed_(std::move(allowed)) {}

bool network_guard::allows(const std::uint8_t* address, std::size_t size) const {
  const auto as_written = as_v6(address, size);
  if (!as_written) return false;
  const auto opened = [this](const v6_bytes& candidate) {
    return std::any_of(allowed_.begin(), allowed_.end(),
                       [&](const ip_range& range) { return range.contains(candidate.data(), candidate.size()); });
  };
  if (opened(*as_written)) return true;
  if (is_mapped(*as_written)) return is_public(*as_written);
  const auto inner = carried(*as_written);
  return inner ? opened(*inner) || is_public(*inner) : is_public(*as_written);
}

}  // namespace waybill::core
