// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/delivery.hpp"
#include "core/model/id.hpp"
#include "core/model/time.hpp"

namespace waybill::core {

/// What a link asks for beside its token.
enum class link_password : std::uint8_t {
  none = 1,
  shared,    ///< one that was agreed with the receiver beforehand, part of the destination's configuration
  one_time,  ///< each is issued to somebody who tells it, and serves one access
};
[[nodiscard]] std::string_view to_string(link_password kind);
[[nodiscard]] std::optional<link_password> link_password_from(std::string_view text);

/// How a link stands. What an outsider must not be able to tell apart.
enum class link_state : std::uint8_t { active = 1, locked, used_up, expired, revoked };
[[nodiscard]] std::string_view to_string(link_state state);

/// A signed download link to the content of one delivery. The token is nowhere in it: it is made of the id and the node's key
/// (security/link_token.hpp), and a request's is found by its hash.
struct download_link {
  link_id id;
  organization_id organization;
  delivery_id delivery;
  destination_id destination;  ///< whose handler asked for it
  sha256_digest token_hash{};
  sha256_digest options_hash{};  ///< of what it was asked for with: the same again gets the same link
  std::string base_url;
  link_password password = link_password::none;
  std::string password_hash;   ///< empty until one was set
  bool password_used = false;  ///< a one-time password that has served its access
  std::uint32_t password_failures = 0;
  std::optional<utc_time> locked_until;
  std::vector<std::string> allowed_ranges;  ///< CIDR; empty: from everywhere
  std::uint64_t max_access = 0;             ///< 0: no limit
  std::uint64_t accesses = 0;
  std::uint64_t refusals = 0;
  utc_time created_at{};
  utc_time expires_at{};
  std::optional<utc_time> revoked_at;
  std::optional<key_id> revoked_by;
  utc_time purge_at{};  ///< when it goes with its log

  [[nodiscard]] link_state state(utc_time now) const;
};

/// What became of a request for a link.
enum class access_outcome : std::uint8_t {
  served = 1,           ///< counted; with what was fetched later of the same access
  checked,              ///< HEAD
  not_modified,         ///< 304
  range_not_satisfied,  ///< 416
  expired,
  revoked,
  used_up,
  address_refused,
  password_missing,
  password_wrong,
  locked,
  content_gone,
};
[[nodiscard]] std::string_view to_string(access_outcome outcome);

/// One line of a link's log.
struct link_access {
  std::uint64_t number = 0;  ///< counts up from 1 within the link
  utc_time at{};
  utc_time last_at{};   ///< of the last request that belongs to it
  std::string address;  ///< the client's
  std::string agent;    ///< User-Agent, cut
  access_outcome outcome = access_outcome::served;
  std::uint32_t requests = 1;  ///< the first and the continuations
  std::uint64_t granted = 0;   ///< content bytes that the answers were to hold
  std::uint64_t sent = 0;      ///< content bytes that the client's end took
};

/// Ten wrong passwords lock a link for a quarter of an hour, a hundred for good: a one-time password has 50 random bits.
inline constexpr std::uint32_t password_tries = 10;
inline constexpr std::uint32_t most_password_tries = 100;
inline constexpr milliseconds password_lock{15 * 60 * 1'000};
/// Lines that tell of nothing fetched; beyond, refusals are only counted, so that nobody fills the store by being refused.
inline constexpr std::uint64_t most_logged_refusals = 1'000;

}  // namespace waybill::core
