// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/id.hpp"
#include "core/model/once.hpp"

namespace waybill::core {

/// What a key may do (api.md, Conventions). A bit each, so a key can hold several.
enum class role : std::uint8_t {
  admin = 1,     ///< everything inside the organization
  operate = 2,   ///< "operator": retry, enable, test, alerts
  producer = 4,  ///< deliver, read deliveries
  viewer = 8,    ///< read
  auditor = 16,  ///< read, plus the audit trail
  engine = 128,  ///< the operator key of the node: every organization, and organizations themselves
};

class role_set {
public:
  constexpr role_set() = default;
  constexpr explicit role_set(std::uint8_t bits) : bits_(bits) {}
  constexpr role_set& add(role r) {
    bits_ = static_cast<std::uint8_t>(bits_ | static_cast<std::uint8_t>(r));
    return *this;
  }
  [[nodiscard]] constexpr bool has(role r) const { return (bits_ & static_cast<std::uint8_t>(r)) != 0; }
  [[nodiscard]] constexpr bool any(std::uint8_t mask) const { return (bits_ & mask) != 0; }
  [[nodiscard]] constexpr bool empty() const { return bits_ == 0; }
  [[nodiscard]] constexpr std::uint8_t bits() const { return bits_; }

private:
  std::uint8_t bits_ = 0;
};

/// Who asks, proved by the api from the key. The first argument of every service method: tenant isolation is decided with it.
struct caller {
  organization_id organization;
  key_id key;
  role_set roles;
  std::string key_name;
  std::string remote_address;
  std::string request_id;
  std::vector<destination_id> only_destinations;  ///< narrowing; empty: all
  std::shared_ptr<const once_call> once;          ///< set where the request must have its effect once
};

}  // namespace waybill::core
