// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/model/download_link.hpp"
#include "core/model/error.hpp"
#include "core/store/records.hpp"

namespace waybill::core {

struct link_filter {
  std::optional<delivery_id> delivery;
  std::optional<destination_id> destination;
};

/// Somebody wants content of a link whose token and password are right.
struct link_use {
  organization_id organization;
  link_id id;
  std::string address;
  std::string agent;
  std::uint64_t bytes = 0;     ///< that the answer is to hold
  std::uint64_t size = 0;      ///< of the whole content
  bool is_part = false;        ///< a Range request, which may go on with an earlier access
  utc_time continues_since{};  ///< when that access was last used at the earliest
};

/// What the store decided on it.
struct link_grant {
  bool granted = false;
  access_outcome outcome = access_outcome::used_up;  ///< why not
  std::uint64_t access = 0;                          ///< number of the line in the log
};

/// Part of read_session. link_not_found for a foreign id as for an unknown one.
class link_reads {
public:
  virtual ~link_reads() = default;
  virtual result<download_link> get_link(organization_id org, link_id id) = 0;
  /// Newest first.
  virtual result<page<download_link>> list_links(organization_id org, const link_filter&, const page_request&) = 0;
  /// Newest first.
  virtual result<page<link_access>> list_accesses(organization_id org, link_id id, const page_request&) = 0;
  virtual result<std::optional<organization_id>> link_owner(link_id id) = 0;  ///< whoever asks; as owner_of
  /// By the hash of a token, whoever has it.
  virtual result<std::optional<download_link>> find_link(const sha256_digest& token_hash) = 0;
  /// Whether a part that this client asks for would go on with an access of its own.
  virtual result<bool> may_continue(const link_use& use) = 0;
};

/// Part of write_session.
class link_writes {
public:
  virtual ~link_writes() = default;
  /// A link of the same delivery, destination and options that can still be used is given instead, so that an attempt that is
  /// made again does not make a second one.
  virtual result<download_link> create_link(const download_link& made) = 0;
  /// Counts an access unless it goes on with one of the same client: a Range request of the same address and agent, by which
  /// that access has granted the content twice at most. Decided and counted in one step: no two requests get the last access.
  virtual result<link_grant> use_link(const link_use& use, utc_time now) = 0;
  /// Adds to what was sent of an access.
  virtual result<void> add_sent(organization_id org, link_id id, std::uint64_t access, std::uint64_t bytes) = 0;
  /// A line for what fetched nothing; only counted beyond `most_logged_refusals`.
  virtual result<void> note_access(organization_id org, link_id id, const link_access& line) = 0;
  /// Counts a try before it is looked at, so that many at once do not get more. False while the link is locked.
  virtual result<bool> try_password(organization_id org, link_id id, utc_time now) = 0;
  /// A right one: the tries are forgotten.
  virtual result<void> forget_password_tries(organization_id org, link_id id) = 0;
  /// In place of the one before; unlocks.
  virtual result<download_link> set_link_password(organization_id org, link_id id, const std::string& hash) = 0;
  /// Revoking again changes nothing.
  virtual result<download_link> revoke_link(organization_id org, link_id id, key_id by, utc_time now) = 0;
  /// Removes links whose time has come, with their log, a portion at a time; what is under a legal hold is looked at again a
  /// day later. True while there is more.
  virtual result<bool> sweep_links(utc_time now, std::uint32_t limit) = 0;
};

}  // namespace waybill::core
