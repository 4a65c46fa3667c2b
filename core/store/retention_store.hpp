// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "core/model/error.hpp"
#include "core/model/id.hpp"
#include "core/model/time.hpp"

namespace waybill::core {

/// What goes, in the order in which a pass takes it.
enum class retention_stage : std::uint8_t {
  dead_letters = 1,  ///< a dead letter counts as discarded
  attempt_records,   ///< request and response of every attempt
  attempts,          ///< every attempt but the last
  payloads,          ///< the content, or the reference to it
  deliveries,        ///< the delivery with everything of it
};

/// Which deliveries a step looks at: those the walk has not reached yet, or those it passed and had to leave.
enum class retention_walk : std::uint8_t { fresh = 1, kept };

struct retention_range {
  organization_id organization;
  retention_stage stage = retention_stage::deliveries;
  retention_walk walk = retention_walk::fresh;
  utc_time finished_before{};  ///< when its last task was finished
  utc_time now{};              ///< a download link that lives longer keeps the content it leads to
  id_bytes after{};            ///< where the last page ended; a fresh walk begins at its durable progress at the earliest
};

struct retention_candidates {
  std::vector<delivery_id> ids;
  id_bytes next{};  ///< `after` of the next page
  bool more = false;
};

struct retention_step {
  std::uint64_t looked_at = 0;
  std::uint64_t removed = 0;  ///< deliveries whose stage is done
  std::uint64_t rows = 0;     ///< rows changed or removed in doing it
};

/// Part of read_session.
class retention_reads {
public:
  virtual ~retention_reads() = default;
  /// The next deliveries that were accepted before the range's time; of `limit` that were left before, those whose time has
  /// come. In the order of their ids, or of their tasks' for dead letters.
  virtual result<retention_candidates> retention_candidates_of(const retention_range& range, std::uint32_t limit) = 0;
};

/// Part of write_session.
class retention_writes {
public:
  virtual ~retention_writes() = default;
  /// Does the stage to those of `ids` for which everything is finished and nothing holds it; what has a dead letter is left
  /// until that is discarded. A fresh walk's progress moves behind the last id, in the same transaction. Stops early when
  /// `budget` is spent: `looked_at` says how far it came, and is at least 1.
  virtual result<retention_step> apply_retention(const retention_range& range, const std::vector<delivery_id>& ids,
                                                 utc_time now, milliseconds budget) = 0;
};

}  // namespace waybill::core
