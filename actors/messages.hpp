// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <caf/allowed_unsafe_message_type.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/plugin_host/handler.hpp"
#include "core/queue/fair_places.hpp"
#include "core/service.hpp"
#include "core/store/records.hpp"

/// What actors say to each other. All of it stays inside one process.
namespace waybill::actors {

// ---- to intake

/// A request to deliver, on its way through intake and the store writer; answered exactly once.
struct submission {
  core::caller caller;
  core::delivery_request request;
  core::reply<core::delivery_receipt> reply;
  std::optional<core::payload> payload;  ///< the request names one, found to be the caller's
};
struct submit {
  std::shared_ptr<submission> what;
};

// ---- to the registry

/// Committed tasks, fresh from the store writer, for any number of destinations.
struct tasks_accepted {
  std::vector<core::queued_task> tasks;
};
/// There is work in the store for these destinations (released, retried, redriven, due).
struct work_waiting {
  std::vector<core::destination_id> destinations;
};
/// The destination's configuration, state or secrets changed.
struct reconfigure {
  core::destination_id destination;
};
/// An organization's policy changed: its active destinations load again.
struct policy_changed {
  core::organization_id organization;
};
struct remove_destination {
  core::destination_id destination;
};
/// These tasks left the queue by another way.
struct tasks_withdrawn {
  std::vector<core::task> tasks;
};
/// These tasks must not be tried before they are released again: an earlier one of their ordering key came back.
struct tasks_stepped_back {
  std::vector<core::task> tasks;
};
/// A destination actor has nothing to do before `next_due`. `seen` is the number of the registry's last message it handled.
struct idle {
  core::destination_id destination;
  std::uint64_t seen = 0;
  std::optional<core::utc_time> next_due;
  bool disabled = false;
};
/// Live figures of one destination, if it is active on this node.
struct live_health {
  std::optional<core::milliseconds> p50;
  std::optional<core::milliseconds> p95;
  std::optional<core::milliseconds> p99;
  std::uint32_t in_flight = 0;
  std::uint32_t waiting = 0;
  core::live_pace pace;
};
struct ask_live {
  core::destination_id destination;
  std::function<void(std::optional<live_health>)> answer;
};
/// A claim's answer travels through the registry, so that it cannot overtake tasks that were committed before it.
struct claimed {
  core::destination_id destination;
  std::shared_ptr<core::result<core::claim_result>> answer;
};
/// Stop: every destination finishes or hands back what it has, then `done` is called.
struct drain {
  std::function<void()> done;
};
/// End now: every destination hands back what it has under way.
struct abandon {};
struct restart_due {
  core::destination_id destination;
  std::uint64_t generation = 0;
};

// ---- to a destination

struct tasks_offered {
  std::vector<core::queued_task> tasks;
};
struct check_store {};
struct reload {};
struct withdraw {
  std::vector<core::task> tasks;
};
struct step_back {
  std::vector<core::task> tasks;
};
struct claim_answered {
  std::shared_ptr<core::result<core::claim_result>> answer;
};
struct ask_figures {
  std::function<void(std::optional<live_health>)> answer;
};
struct start_drain {};
struct retire {};

/// What its actor needs of a destination at every turn. The whole of it is some 2 KB, and ten thousand may be active.
struct destination_brief {
  core::organization_id organization;
  std::string type;
  core::destination_state state = core::destination_state::enabled;
  std::optional<core::milliseconds> timeout;  ///< of its configuration
};
/// A destination as loaded and opened on a reader thread.
struct opened {
  std::uint64_t generation = 0;
  std::optional<core::error> failure;
  std::optional<destination_brief> settings;
  core::policy policy;
  core::share_settings share;  ///< of its organization
  core::destination_health health;
  std::shared_ptr<core::handler> handler;
  std::optional<core::utc_time> secrets_change_at;  ///< the next expiry of a live secret
};
struct attempt_done {
  std::uint64_t flight = 0;
  core::attempt_result result;
};
/// What the store made of outcomes handed to it.
struct outcome_stored {
  core::task_id task;
  core::record_result result = core::record_result::recorded;
};
struct outcomes_stored {
  std::vector<outcome_stored> outcomes;
};
struct wake {
  std::uint64_t generation = 0;
};
/// There may be more to start: it gave way to others in between.
struct go_on {};
/// A shared place for an attempt, got by waiting for it.
struct place_free {
  std::shared_ptr<core::place> got;
};

// ---- to the job runner and its jobs

/// A job was made: look what there is to run.
struct jobs_waiting {};
/// Somebody paused, resumed or cancelled a job, or changed its pace.
struct job_changed {
  core::job now;
};
struct jobs_claimed {
  bool ok = false;
  std::vector<core::job> jobs;
};
struct claim_due {};
struct job_restart {
  core::job_id job;
};
struct job_scanned {
  std::shared_ptr<core::result<core::dead_letter_scan>> answer;
};
struct job_stepped {
  std::optional<core::error> failure;
  core::job after;
};
struct job_wake {
  std::uint64_t generation = 0;
};

// ---- to the scheduler

/// Wake this destination at that time; the earlier of two wins.
struct wake_destination {
  core::destination_id destination;
  core::utc_time at;
};
/// A delivery that is to be made by that time was accepted.
struct deadline_noted {
  core::utc_time at;
};
/// What is past its time has been ended; the earliest deadline that is left.
struct deadlines_checked {
  std::optional<core::utc_time> next;
};
struct tick {
  std::uint64_t generation = 0;
};

}  // namespace waybill::actors

#define WAYBILL_LOCAL_MESSAGE(type) CAF_ALLOW_UNSAFE_MESSAGE_TYPE(waybill::actors::type)
WAYBILL_LOCAL_MESSAGE(submit)
WAYBILL_LOCAL_MESSAGE(tasks_accepted)
WAYBILL_LOCAL_MESSAGE(work_waiting)
WAYBILL_LOCAL_MESSAGE(reconfigure)
WAYBILL_LOCAL_MESSAGE(policy_changed)
WAYBILL_LOCAL_MESSAGE(remove_destination)
WAYBILL_LOCAL_MESSAGE(tasks_withdrawn)
WAYBILL_LOCAL_MESSAGE(tasks_stepped_back)
WAYBILL_LOCAL_MESSAGE(step_back)
WAYBILL_LOCAL_MESSAGE(deadline_noted)
WAYBILL_LOCAL_MESSAGE(deadlines_checked)
WAYBILL_LOCAL_MESSAGE(idle)
WAYBILL_LOCAL_MESSAGE(ask_live)
WAYBILL_LOCAL_MESSAGE(claimed)
WAYBILL_LOCAL_MESSAGE(drain)
WAYBILL_LOCAL_MESSAGE(abandon)
WAYBILL_LOCAL_MESSAGE(restart_due)
WAYBILL_LOCAL_MESSAGE(tasks_offered)
WAYBILL_LOCAL_MESSAGE(check_store)
WAYBILL_LOCAL_MESSAGE(reload)
WAYBILL_LOCAL_MESSAGE(withdraw)
WAYBILL_LOCAL_MESSAGE(claim_answered)
WAYBILL_LOCAL_MESSAGE(ask_figures)
WAYBILL_LOCAL_MESSAGE(start_drain)
WAYBILL_LOCAL_MESSAGE(retire)
WAYBILL_LOCAL_MESSAGE(opened)
WAYBILL_LOCAL_MESSAGE(attempt_done)
WAYBILL_LOCAL_MESSAGE(outcomes_stored)
WAYBILL_LOCAL_MESSAGE(wake)
WAYBILL_LOCAL_MESSAGE(place_free)
WAYBILL_LOCAL_MESSAGE(go_on)
WAYBILL_LOCAL_MESSAGE(jobs_waiting)
WAYBILL_LOCAL_MESSAGE(job_changed)
WAYBILL_LOCAL_MESSAGE(jobs_claimed)
WAYBILL_LOCAL_MESSAGE(claim_due)
WAYBILL_LOCAL_MESSAGE(job_restart)
WAYBILL_LOCAL_MESSAGE(job_scanned)
WAYBILL_LOCAL_MESSAGE(job_stepped)
WAYBILL_LOCAL_MESSAGE(job_wake)
WAYBILL_LOCAL_MESSAGE(wake_destination)
WAYBILL_LOCAL_MESSAGE(tick)
#undef WAYBILL_LOCAL_MESSAGE
