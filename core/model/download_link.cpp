// SPDX-License-Identifier: Apache-2.0
#include "core/model/download_link.hpp"

#include "core/model/enum_names.hpp"

namespace waybill::core {
namespace {

constexpr enum_names<link_password, 3> passwords{{"none", "shared", "oneTime"}};
constexpr enum_names<link_state, 5> states{{"active", "locked", "usedUp", "expired", "revoked"}};
constexpr enum_names<access_outcome, 12> outcomes{{"served", "checked", "notModified", "rangeNotSatisfied", "expired",
                                                   "revoked", "usedUp", "addressRefused", "passwordMissing", "passwordWrong",
                                                   "locked", "contentGone"}};

}  // namespace

std::string_view to_string(link_password kind) { return passwords.of(kind); }
std::optional<link_password> link_password_from(std::string_view text) { return passwords.from(text); }
std::string_view to_string(link_state state) { return states.of(state); }
std::string_view to_string(access_outcome outcome) { return outcomes.of(outcome); }

link_state download_link::state(utc_time now) const {
  if (revoked_at) return link_state::revoked;
  if (expires_at <= now) return link_state::expired;
  if (max_access > 0 && accesses >= max_access) return link_state::used_up;
  if (locked_until && *locked_until > now) return link_state::locked;
  return link_state::active;
}

}  // namespace waybill::core
