// SPDX-License-Identifier: Apache-2.0
// The service's part for dead letters and the jobs that work on them.
#include <algorithm>

#include "actors/caf_compat.hpp"
#include "actors/engine_service.hpp"
#include "actors/messages.hpp"

namespace waybill::actors {
namespace {

constexpr std::uint32_t preview_size = 5;

bool reaches_all(const core::caller& who, const std::vector<core::destination_id>& wanted) {
  const auto& only = who.only_destinations;
  const auto in_reach = [&](const auto& id) { return std::find(only.begin(), only.end(), id) != only.end(); };
  return std::all_of(wanted.begin(), wanted.end(), in_reach);
}

/// A narrowed key works on its own destinations, and on all of these where it names none.
core::result<core::dead_letter_filter> in_scope(const core::caller& who, core::dead_letter_filter filter) {
  if (who.only_destinations.empty()) return filter;
  if (filter.destinations.empty()) filter.destinations = who.only_destinations;
  if (reaches_all(who, filter.destinations)) return filter;
  return core::fail(core::error_code::forbidden, "the key is narrowed: name destinations of its own in the filter");
}

bool reaches(const core::caller& who, const core::job& j) {
  if (who.only_destinations.empty()) return true;
  return !j.filter.destinations.empty() && reaches_all(who, j.filter.destinations);
}

}  // namespace

void engine_service::list_dead_letters(const core::caller& who, core::dead_letter_filter filter, core::page_request page,
                                       core::reply<core::page<core::dead_letter>> reply) {
  auto scope = in_scope(who, std::move(filter));
  if (!scope) return reply(core::fail(scope.error()));
  read(who, allow::read, std::move(reply),
       [org = who.organization, filter = *std::move(scope), page = std::move(page)](core::read_session& session) {
         return session.list_dead_letters(org, filter, page);
       });
}

void engine_service::get_dead_letter(const core::caller& who, core::task_id id, core::reply<core::dead_letter> reply) {
  read(who, allow::read, std::move(reply), [who, id](core::read_session& session) -> core::result<core::dead_letter> {
    auto found = session.get_dead_letter(who.organization, id);
    if (found && !in_reach(who, found->task.destination))
      return core::fail(core::error_code::not_found, "there is no such dead letter");
    return found;
  });
}

void engine_service::preview_dead_letters(const core::caller& who, core::dead_letter_filter filter,
                                          core::reply<core::dead_letter_preview> reply) {
  auto scope = in_scope(who, std::move(filter));
  if (!scope) return reply(core::fail(scope.error()));
  read(who, allow::operate, std::move(reply),
       [org = who.organization,
        filter = *std::move(scope)](core::read_session& session) -> core::result<core::dead_letter_preview> {
         auto count = session.count_dead_letters(org, filter);
         if (!count) return core::fail(count.error());
         auto sample = session.list_dead_letters(org, filter, {preview_size, {}});
         if (!sample) return core::fail(sample.error());
         return core::dead_letter_preview{*count, std::move(sample->items)};
       });
}

void engine_service::create_job(const core::caller& who, core::job_input input, core::reply<core::job> reply) {
  if (auto allowed = require(who, allow::operate); !allowed) return reply(core::fail(std::move(allowed.error())));
  auto scope = in_scope(who, std::move(input.filter));
  if (!scope) return reply(core::fail(scope.error()));
  const auto& settings = context_.settings.queue;
  core::job made;
  made.id = core::job_id::make();
  made.organization = who.organization;
  made.created_by = who.key;
  made.work = input.work;
  made.filter = *std::move(scope);
  made.rate_per_second = input.rate_per_second.value_or(
      input.work == core::job_work::redrive ? settings.redrive_rate_per_second : settings.discard_rate_per_second);
  made.created_at = made.updated_at = context_.time.now();
  // Counted by a reader: that may take long, and the writer has other things to do.
  core::reply<std::uint64_t> counted = [this, who, made, reply](core::result<std::uint64_t> total) mutable {
    if (!total) return reply(core::fail(std::move(total.error())));
    made.total = *total;
    save_job(who, std::move(made), std::move(reply));
  };
  read(who, allow::operate, std::move(counted),
       [made](core::read_session& session) { return session.count_dead_letters(made.organization, made.filter); });
}

void engine_service::save_job(const core::caller& who, core::job made, core::reply<core::job> reply) {
  write_once<core::job>(
      who, std::move(reply),
      audited<core::job>(
          who, made.work == core::job_work::redrive ? "dead_letters.redrive_ordered" : "dead_letters.discard_ordered",
          [](const core::job& j) {
            return audit_note{j.id.to_string(), {{"total", j.total}}};
          },
          [made](core::write_session& session) -> core::result<core::job> {
            if (auto done = session.create_job(made); !done) return core::fail(done.error());
            return made;
          }),
      [this](const core::job&) { caf::anon_send(jobs_, jobs_waiting{}); });
}

core::result<core::job> engine_service::own_job(const core::caller& who, core::read_session& session, core::job_id id) const {
  auto found = session.get_job(who.organization, id);
  if (found && !reaches(who, *found)) return core::fail(core::error_code::job_not_found, "there is no such job");
  if (!found && found.error().code == core::error_code::job_not_found) {
    auto owner = session.owner_of_job(id);
    if (owner && *owner && **owner != who.organization) report_foreign(who, "job", id.to_string());
  }
  return found;
}

void engine_service::get_job(const core::caller& who, core::job_id id, core::reply<core::job> reply) {
  read(who, allow::read, std::move(reply), [this, who, id](core::read_session& session) { return own_job(who, session, id); });
}

void engine_service::list_jobs(const core::caller& who, core::job_filter filter, core::page_request page,
                               core::reply<core::page<core::job>> reply) {
  read(who, allow::read, std::move(reply),
       [who, filter, page = std::move(page)](core::read_session& session) -> core::result<core::page<core::job>> {
         auto found = session.list_jobs(who.organization, filter, page);
         if (!found) return found;
         const auto hidden = [&](const core::job& j) { return !reaches(who, j); };
         found->items.erase(std::remove_if(found->items.begin(), found->items.end(), hidden), found->items.end());
         return found;
       });
}

void engine_service::change_job(const core::caller& who, core::job_id id, core::job_change change,
                                core::reply<core::job> reply) {
  if (auto allowed = require(who, allow::operate); !allowed) return reply(core::fail(std::move(allowed.error())));
  write<core::job>(
      std::move(reply),
      audited<core::job>(
          who, "job.changed",
          [](const core::job& j) {
            return audit_note{j.id.to_string(), {{"state", core::to_string(j.state)}, {"ratePerSecond", j.rate_per_second}}};
          },
          [this, who, id, change](core::write_session& session) -> core::result<core::job> {
            if (auto own = own_job(who, session, id); !own) return own;
            return session.change_job(who.organization, id, change, context_.time.now());
          }),
      [this](const core::job& now) { caf::anon_send(jobs_, job_changed{now}); });
}

}  // namespace waybill::actors
