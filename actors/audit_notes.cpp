// SPDX-License-Identifier: Apache-2.0
#include "actors/audit_notes.hpp"

#include <chrono>

namespace waybill::actors {
namespace {

constexpr std::chrono::minutes counted_for{1};
constexpr std::size_t most_counted = 10'000;  // keys that try at once; beyond, they are written without counting

std::string dump(const nlohmann::json& details) {
  return details.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

core::audit_entry entry_for(const core::caller& who, core::utc_time at, std::string action, audit_note note) {
  core::audit_entry entry;
  entry.chain = who.organization;
  entry.at = at;
  entry.actor = who.key;
  entry.action = std::move(action);
  entry.subject = std::move(note.subject);
  if (!who.remote_address.empty()) note.details["remoteAddress"] = who.remote_address;
  if (!who.request_id.empty()) note.details["requestId"] = who.request_id;
  entry.details = dump(note.details);
  return entry;
}

core::audit_entry engine_entry(core::organization_id chain, core::utc_time at, std::string action, audit_note note) {
  core::audit_entry entry;
  entry.chain = chain;
  entry.at = at;
  entry.action = std::move(action);
  entry.subject = std::move(note.subject);
  entry.details = dump(note.details);
  return entry;
}

void security_audit::foreign_access(const core::caller& who, std::string_view what, const std::string& id) {
  auto entry = entry_for(who, time_.now(), "security.foreign_access", {id, {{"what", what}}});
  {
    const std::lock_guard lock(mutex_);
    auto [known, fresh] = recent_.try_emplace(who.key.to_string() + "/" + std::string(what));
    if (!fresh) {
      ++known->second.more;
      return;
    }
    known->second.first = entry;
    known->second.since = time_.monotonic();
    if (recent_.size() > most_counted) recent_.erase(known);
  }
  auto in_engine = entry;
  in_engine.chain = core::engine_chain;
  write({std::move(entry), std::move(in_engine)});
}

void security_audit::flush() {
  std::vector<core::audit_entry> counted;
  {
    const std::lock_guard lock(mutex_);
    const auto until = time_.monotonic() - counted_for;
    for (auto at = recent_.begin(); at != recent_.end();) {
      auto& one = at->second;
      if (one.since > until) {
        ++at;
        continue;
      }
      if (one.more > 0) {
        auto entry = one.first;
        entry.at = time_.now();
        entry.action = "security.foreign_access_repeated";
        entry.details = dump({{"times", one.more}});
        counted.push_back(entry);
        entry.chain = core::engine_chain;
        counted.push_back(std::move(entry));
      }
      at = recent_.erase(at);
    }
  }
  if (!counted.empty()) write(std::move(counted));
}

void security_audit::write(std::vector<core::audit_entry> entries) {
  if (writer_ == nullptr) return;
  writer_->run([entries = std::move(entries)](core::write_session& session) { return session.append_audit(entries); },
               [](const core::result<void>&) {});
}

}  // namespace waybill::actors
