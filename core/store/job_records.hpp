// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/store/records.hpp"

/// Long work on dead letters that survives a kill: what is stored of it, and the steps it is done in.
namespace waybill::core {

enum class job_work : std::uint8_t {
  redrive = 1,  ///< dead letters go back to the queue, with all their attempts again
  discard,      ///< they leave the list; the history stays
};

/// The first three are unfinished; the others are final.
enum class job_state : std::uint8_t { queued = 1, running, paused, completed, cancelled, failed };

[[nodiscard]] std::string_view to_string(job_work work);
[[nodiscard]] std::string_view to_string(job_state state);
[[nodiscard]] std::optional<job_work> job_work_from(std::string_view text);
[[nodiscard]] std::optional<job_state> job_state_from(std::string_view text);
[[nodiscard]] inline bool is_finished(job_state state) { return state >= job_state::completed; }

/// Every dead letter that matched when the job was made is handled once: they are walked in the order of their task ids, and
/// one that failed again since is not taken a second time.
struct job {
  job_id id;
  organization_id organization;
  key_id created_by;
  job_work work = job_work::redrive;
  dead_letter_filter filter;
  job_state state = job_state::queued;
  std::uint32_t rate_per_second = 0;
  std::uint64_t total = 0;  ///< that matched when it was made; an estimate, as others work on the same list
  std::uint64_t done = 0;
  std::uint64_t skipped = 0;      ///< no longer dead when their turn came, or with nowhere to go back to
  task_id cursor;                 ///< the last one looked at; nil before the first
  std::uint64_t owner_epoch = 0;  ///< of the node that runs it; 0: none yet
  utc_time created_at{};
  utc_time updated_at{};
  std::optional<utc_time> finished_at;
  std::string last_error;
};

struct job_filter {
  std::optional<job_work> work;
  std::optional<job_state> state;
};

/// What a person does to a job; each is refused for one that is finished.
struct job_change {
  enum class kind : std::uint8_t { pause = 1, resume, cancel, rate };
  kind what = kind::pause;
  std::uint32_t rate_per_second = 0;  ///< rate only
};

/// Everything that finds a dead letter's row.
struct dead_letter_key {
  destination_id destination;
  delivery_id delivery;
  task_id task;
};

/// A stretch of an organization's dead letters, walked in the order of their task ids.
struct dead_letter_scan {
  std::vector<dead_letter_key> found;
  task_id reached;    ///< all up to here were looked at
  bool last = false;  ///< nothing is behind it
};

/// One bounded portion of a job. `from` is the cursor it goes on from, so a step can never be applied twice.
struct job_step {
  job_id id;
  organization_id organization;
  std::uint64_t owner_epoch = 0;
  task_id from;
  dead_letter_scan portion;
};

struct job_step_result {
  bool applied = false;       ///< false: paused, cancelled, another node's, or done before; nothing was written
  job after;                  ///< as it stands now
  std::vector<task> revived;  ///< redrive only: due now
};

/// How much may run at once on one node.
struct job_slots {
  std::uint32_t total = 16;
  std::uint32_t per_organization = 4;
};

inline constexpr std::uint32_t most_unfinished_jobs = 100;  ///< of one organization
inline constexpr std::uint32_t most_job_rate = 100'000;     ///< per second

}  // namespace waybill::core
