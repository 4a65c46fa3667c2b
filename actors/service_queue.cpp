// SPDX-License-Identifier: Apache-2.0
// The service's part for dead letters, the queue and readiness.
#include <sys/statvfs.h>

#include <algorithm>

#include "actors/caf_compat.hpp"
#include "actors/engine_service.hpp"
#include "actors/messages.hpp"

namespace waybill::actors {
namespace {

constexpr std::uint32_t dead_letter_batch = 500;  // per transaction, so a redrive of millions never holds up the writer
constexpr std::uint64_t least_free_bytes = 64u << 20;

core::result<core::dead_letter_filter> in_scope(const core::caller& who, core::dead_letter_filter filter) {
  if (who.only_destinations.empty()) return filter;
  const auto& only = who.only_destinations;
  if (!filter.destination && only.size() == 1) filter.destination = only.front();
  if (filter.destination && std::find(only.begin(), only.end(), *filter.destination) != only.end()) return filter;
  return core::fail(core::error_code::forbidden, "the key is narrowed: name one of its destinations in the filter");
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

void engine_service::redrive_dead_letters(const core::caller& who, core::dead_letter_action action,
                                          core::reply<std::uint64_t> reply) {
  if (auto allowed = require(who, allow::operate); !allowed) return reply(core::fail(std::move(allowed.error())));
  auto scope = in_scope(who, std::move(action.filter));
  if (!scope) return reply(core::fail(scope.error()));
  if (!action.dry_run) return redrive_batch(who, *std::move(scope), 0, std::move(reply));
  read(who, allow::operate, std::move(reply),
       [org = who.organization, filter = *std::move(scope)](core::read_session& session) {
         return session.count_dead_letters(org, filter);
       });
}

void engine_service::redrive_batch(const core::caller& who, core::dead_letter_filter filter, std::uint64_t so_far,
                                   core::reply<std::uint64_t> reply) {
  // Only what was dead when the redrive began: a task that fails again meanwhile is not driven round in circles.
  if (!filter.to) filter.to = context_.time.now() + core::milliseconds{1};
  write<std::vector<core::task>>(
      [this, who, filter, so_far, reply](core::result<std::vector<core::task>> tasks) {
        if (!tasks) return reply(core::fail(tasks.error()));
        const auto total = so_far + tasks->size();
        if (tasks->size() < dead_letter_batch) return reply(total);
        redrive_batch(who, filter, total, reply);
      },
      [this, org = who.organization, filter](core::write_session& session) {
        return session.redrive(org, filter, dead_letter_batch, context_.epoch, context_.time.now());
      },
      [this](std::vector<core::task>& tasks) {
        context_.waiting.fetch_add(static_cast<std::int64_t>(tasks.size()), std::memory_order_relaxed);
        work_waiting work;
        for (const auto& task : tasks) work.destinations.push_back(task.destination);
        std::sort(work.destinations.begin(), work.destinations.end());
        work.destinations.erase(std::unique(work.destinations.begin(), work.destinations.end()), work.destinations.end());
        if (!work.destinations.empty()) caf::anon_send(registry_, std::move(work));
      });
}

void engine_service::discard_dead_letters(const core::caller& who, core::dead_letter_action action,
                                          core::reply<std::uint64_t> reply) {
  if (auto allowed = require(who, allow::operate); !allowed) return reply(core::fail(std::move(allowed.error())));
  auto scope = in_scope(who, std::move(action.filter));
  if (!scope) return reply(core::fail(scope.error()));
  if (!action.dry_run) return discard_batch(who, *std::move(scope), 0, std::move(reply));
  read(who, allow::operate, std::move(reply),
       [org = who.organization, filter = *std::move(scope)](core::read_session& session) {
         return session.count_dead_letters(org, filter);
       });
}

void engine_service::discard_batch(const core::caller& who, core::dead_letter_filter filter, std::uint64_t so_far,
                                   core::reply<std::uint64_t> reply) {
  if (!filter.to) filter.to = context_.time.now() + core::milliseconds{1};
  write<std::uint64_t>(
      [this, who, filter, so_far, reply](core::result<std::uint64_t> count) {
        if (!count) return reply(std::move(count));
        const auto total = so_far + *count;
        if (*count < dead_letter_batch) return reply(total);
        discard_batch(who, filter, total, reply);
      },
      [this, org = who.organization, filter](core::write_session& session) {
        return session.discard(org, filter, dead_letter_batch, context_.time.now());
      },
      [](std::uint64_t) {});
}

void engine_service::get_queue(const core::caller& who, core::reply<core::queue_report> reply) {
  read(who, allow::read, std::move(reply), [this, who](core::read_session& session) -> core::result<core::queue_report> {
    auto stats = session.queue(who.organization, context_.time.now());
    if (!stats) return core::fail(stats.error());
    core::queue_report report;
    report.stored = *stats;
    if (who.roles.has(core::role::engine)) {
      report.in_flight = context_.places.used();
      report.active_destinations = context_.directory.size();
    }
    return report;
  });
}

void engine_service::check_readiness(core::reply<core::readiness> reply) {
  core::readiness answer;
  const auto add = [&](const char* name, bool ok, std::string detail) {
    answer.checks.push_back({name, ok, std::move(detail)});
  };
  const bool stored = context_.writer->healthy();
  add("store", stored, stored ? "" : "the last commit failed; it is tried again");
  const auto types = context_.plugins.types().size();
  add("plugins", types > 0, types > 0 ? std::to_string(types) + " loaded" : "no plugin is loaded");
  struct statvfs disk {};
  const bool seen = ::statvfs(context_.settings.data_dir.c_str(), &disk) == 0;
  const auto free_bytes = static_cast<std::uint64_t>(disk.f_bavail) * disk.f_frsize;
  add("disk", seen && free_bytes >= least_free_bytes, std::to_string(free_bytes >> 20) + " MiB free");
  const bool stopping = context_.draining.load();
  add("accepting", !stopping, stopping ? "the node is shutting down" : "");
  answer.ready = std::all_of(answer.checks.begin(), answer.checks.end(), [](const auto& check) { return check.ok; });
  reply(std::move(answer));
}

}  // namespace waybill::actors
