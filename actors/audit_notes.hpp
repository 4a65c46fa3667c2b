// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/model/audit.hpp"
#include "core/model/caller.hpp"
#include "core/store/store_writer.hpp"

#include <nlohmann/json.hpp>

namespace waybill::actors {

/// What a row of the trail says was done, apart from who did it.
struct audit_note {
  std::string subject;
  nlohmann::json details = nlohmann::json::object();  ///< no secret, no payload, nothing an erasure is asked to forget
};

/// In the chain of the caller's organization.
[[nodiscard]] core::audit_entry entry_for(const core::caller& who, core::utc_time at, std::string action, audit_note note);

/// What the engine does by itself to something of an organization.
[[nodiscard]] core::audit_entry engine_entry(core::organization_id chain, core::utc_time at, std::string action,
                                             audit_note note);

/// Writes what happens beside any change of the store: attempts to cross tenants. They can come as fast as requests do, so the
/// first of a kind from a key is written at once, and those that follow within a minute are counted in one row. Thread-safe;
/// never blocks.
class security_audit {
public:
  explicit security_audit(const core::clock& time) : time_(time) {}
  void connect(core::store_writer* writer) { writer_ = writer; }

  void foreign_access(const core::caller& who, std::string_view what, const std::string& id);
  /// Writes what was only counted and is older than a minute.
  void flush();

private:
  struct repeated {
    core::audit_entry first;
    std::uint64_t more = 0;
    core::mono_time since;
  };
  void write(std::vector<core::audit_entry> entries);

  const core::clock& time_;
  core::store_writer* writer_ = nullptr;
  std::mutex mutex_;
  std::unordered_map<std::string, repeated> recent_;  ///< by key and kind
};

}  // namespace waybill::actors
