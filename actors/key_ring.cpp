// SPDX-License-Identifier: Apache-2.0
#include "actors/key_ring.hpp"

#include <arpa/inet.h>

#include <mutex>

#include "core/security/api_key.hpp"
#include "core/security/network_guard.hpp"

namespace waybill::actors {
namespace {

tl::unexpected<core::error> not_a_live_key() {
  return core::fail(core::error_code::unauthenticated, "the API key is missing, unknown, expired or revoked");
}

bool within_ranges(const core::api_key& key, const std::string& remote_address) {
  if (key.allowed_ip_ranges.empty()) return true;
  std::uint8_t bytes[16];
  const bool v4 = ::inet_pton(AF_INET, remote_address.c_str(), bytes) == 1;
  if (!v4 && ::inet_pton(AF_INET6, remote_address.c_str(), bytes) != 1) return false;
  for (const auto& text : key.allowed_ip_ranges) {
    auto range = core::ip_range::parse(text);
    if (range && range->contains(bytes, v4 ? 4 : 16)) return true;
  }
  return false;
}

bool within_hours(const core::api_key& key, core::utc_time now) {
  if (!key.allowed_hours) return true;
  const auto minute = static_cast<std::uint16_t>(core::to_unix_ms(now) / 60'000 % (24 * 60));
  const auto [from, to] = *key.allowed_hours;
  return from <= to ? minute >= from && minute < to : minute >= from || minute < to;
}

core::caller caller_of(const core::api_key& key, core::organization_id organization, std::string_view remote_address) {
  core::caller who;
  who.organization = organization;
  who.key = key.id;
  who.roles = key.roles;
  who.key_name = key.name;
  who.remote_address = remote_address;
  who.only_destinations = key.only_destinations;
  return who;
}

}  // namespace

void key_ring::put(core::api_key key) {
  std::unique_lock lock(mutex_);
  keys_[key.id].key = std::move(key);
}

void key_ring::forget(core::organization_id organization) {
  std::unique_lock lock(mutex_);
  for (auto at = keys_.begin(); at != keys_.end();)
    at = at->second.key.organization == organization ? keys_.erase(at) : std::next(at);
}

void key_ring::revoke(core::key_id id, core::utc_time at) {
  std::unique_lock lock(mutex_);
  if (auto found = keys_.find(id); found != keys_.end()) found->second.key.revoked_at = at;
}

core::result<core::caller> key_ring::authenticate(std::string_view presented, std::optional<core::organization_id> acting_for,
                                                  std::string_view remote_address) {
  auto parsed = core::parse_key_text(presented);
  if (!parsed) return not_a_live_key();
  const auto now = time_.now();
  std::shared_lock lock(mutex_);
  auto found = keys_.find(parsed->id);
  const auto expected = found == keys_.end() ? core::sha256_digest{} : found->second.key.secret_hash;
  if (!core::matches(*parsed, expected) || found == keys_.end()) return not_a_live_key();
  const auto& key = found->second.key;
  if (key.revoked_at || (key.expires_at && *key.expires_at <= now)) return not_a_live_key();
  if (!within_ranges(key, std::string(remote_address)))
    return core::fail(core::error_code::forbidden, "the key is not allowed from this address");
  if (!within_hours(key, now)) return core::fail(core::error_code::forbidden, "the key is not allowed at this hour");
  if (acting_for && *acting_for != key.organization && !key.roles.has(core::role::engine))
    return core::fail(core::error_code::forbidden, "the key belongs to another organization");
  found->second.used_ms.store(core::to_unix_ms(now), std::memory_order_relaxed);
  return caller_of(key, acting_for.value_or(key.organization), remote_address);
}

std::vector<std::pair<core::key_id, core::utc_time>> key_ring::take_used() {
  std::vector<std::pair<core::key_id, core::utc_time>> used;
  std::shared_lock lock(mutex_);
  for (auto& [id, known] : keys_)
    if (auto at = known.used_ms.exchange(0, std::memory_order_relaxed)) used.emplace_back(id, core::from_unix_ms(at));
  return used;
}

}  // namespace waybill::actors
