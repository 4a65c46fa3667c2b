// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

// Of link_table.hpp, which includes it: what is written.
namespace waybill::core::portable {

template <class Engine>
result<download_link> link_table<Engine>::create(const download_link& made) {
  auto same = first(same_.query(made.organization, made.delivery, made.destination, made.options_hash, made.created_at));
  if (!same && same.error().code != error_code::link_not_found) return same;
  if (same && same->state(made.created_at) != link_state::used_up && !same->password_used) return same;
  auto created = create_.run(made.organization, made.id, made.delivery, made.destination, made.token_hash, made.options_hash,
                             made.base_url, made.password, made.password_hash, texts_to_json(made.allowed_ranges),
                             made.max_access, made.created_at, made.expires_at, made.purge_at);
  if (!created) return fail(created.error());
  return made;
}

template <class Engine>
result<link_grant> link_table<Engine>::use(const link_use& use, utc_time now) {
  auto link = get(use.organization, use.id);
  if (!link) return fail(link.error());
  link_grant grant;
  const auto state = link->state(now);
  if (state == link_state::revoked || state == link_state::expired) {
    grant.outcome = state == link_state::revoked ? access_outcome::revoked : access_outcome::expired;
    return grant;
  }
  auto earlier = continued(use);
  if (!earlier) return fail(earlier.error());
  if (*earlier != 0) {
    auto went_on = go_on_.run(now, use.bytes, use.organization, use.id, *earlier);
    if (!went_on) return fail(went_on.error());
    return link_grant{true, access_outcome::served, *earlier};
  }
  {
    auto counted = count_.query(use.organization, use.id, now);
    if (counted.next()) grant.access = counted.template number<std::uint64_t>(0);
    if (counted.failed()) return fail(counted.failure());
  }
  if (grant.access == 0) return grant;
  grant.granted = true;
  grant.outcome = access_outcome::served;
  link_access line{grant.access, now, now, use.address, use.agent, access_outcome::served, 1, use.bytes, 0};
  if (auto written = write_line(use.organization, use.id, line); !written) return fail(written.error());
  return grant;
}

template <class Engine>
result<void> link_table<Engine>::write_line(organization_id org, link_id id, const link_access& line) {
  return done(line_.run(org, id, line.number, line.at, line.last_at, line.address, line.agent, line.outcome, line.requests,
                        line.granted, line.sent));
}

template <class Engine>
result<void> link_table<Engine>::note(organization_id org, link_id id, const link_access& line) {
  std::uint64_t refusals = 0;
  auto numbered = line;
  {
    auto counted = refuse_.query(most_logged_refusals, org, id);
    if (!counted.next()) {
      if (counted.failed()) return fail(counted.failure());
      return {};  // erased meanwhile
    }
    refusals = counted.template number<std::uint64_t>(0);
    numbered.number = counted.template number<std::uint64_t>(1);
  }
  if (refusals > most_logged_refusals) return {};
  return write_line(org, id, numbered);
}

template <class Engine>
result<bool> link_table<Engine>::try_password(organization_id org, link_id id, utc_time now) {
  auto link = get(org, id);
  if (!link) return fail(link.error());
  if (link->locked_until && *link->locked_until > now) return false;
  const auto tries = link->password_failures + 1;
  std::optional<utc_time> locked;
  if (tries % password_tries == 0) locked = now + password_lock;
  if (tries >= most_password_tries) locked = link->purge_at;
  auto counted = try_.run(tries, locked, org, id);
  if (!counted) return fail(counted.error());
  return true;
}

template <class Engine>
result<download_link> link_table<Engine>::set_password(organization_id org, link_id id, const std::string& hash) {
  if (auto there = get(org, id); !there) return there;
  if (auto set = set_password_.run(hash, org, id); !set) return fail(set.error());
  return get(org, id);
}

template <class Engine>
result<download_link> link_table<Engine>::revoke(organization_id org, link_id id, key_id by, utc_time now) {
  if (auto there = get(org, id); !there) return there;
  if (auto revoked = revoke_.run(now, by, org, id); !revoked) return fail(revoked.error());
  return get(org, id);
}

template <class Engine>
result<bool> link_table<Engine>::is_held(organization_id org, delivery_id id) {
  auto holds = holds_.all(org);
  if (!holds) return fail(holds.error());
  if (holds->empty()) return false;
  if (find_organization_hold(*holds) != nullptr) return true;
  auto loaded = deliveries_.load(org, {id});
  if (!loaded) return fail(loaded.error());
  return !loaded->empty() && find_hold(*holds, loaded->front().head.content, loaded->front().destinations()) != nullptr;
}

template <class Engine>
result<bool> link_table<Engine>::sweep(utc_time now, std::uint32_t limit) {
  organization_id org;
  link_id id;
  delivery_id of;
  {
    auto found = due_.query(now);
    if (!found.next()) {
      if (found.failed()) return fail(found.failure());
      return false;
    }
    org = found.template id<organization_id>(0);
    id = found.template id<link_id>(1);
    of = found.template id<delivery_id>(2);
  }
  auto held = is_held(org, of);
  if (!held) return fail(held.error());
  if (*held) {
    auto put_off = put_off_.run(now + std::chrono::hours{24}, org, id);
    if (!put_off) return fail(put_off.error());
    return true;
  }
  auto dropped = drop_lines_.run(org, id, limit);
  if (!dropped) return fail(dropped.error());
  if (*dropped >= limit) return true;
  if (auto gone = drop_.run(org, id); !gone) return fail(gone.error());
  return true;
}

}  // namespace waybill::core::portable
