// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "core/store/portable/answer_table.hpp"
#include "core/store/portable/job_table.hpp"
#include "core/store/portable/payload_table.hpp"
#include "core/store/postgres/config_reader.hpp"
#include "core/store/postgres/connection.hpp"
#include "core/store/postgres/dead_letter_reader.hpp"
#include "core/store/postgres/delivery_list_reader.hpp"
#include "core/store/postgres/delivery_reader.hpp"
#include "core/store/postgres/engine.hpp"
#include "core/store/postgres/queue_reader.hpp"
#include "core/store/postgres/retention_engine.hpp"
#include "core/store/postgres/task_reader.hpp"
#include "core/store/store.hpp"

namespace waybill::core::postgres {

class connection_pool;

/// A connection and everything that reads through it. Lives on the heap: the parts point at each other.
struct reading {
  reading(const connection_settings& settings, connection_kind kind) : db(settings, kind) {}

  connection db;
  task_reader tasks{db};
  delivery_reader deliveries{db, tasks};
  delivery_list_reader lists{db, deliveries, tasks};
  dead_letter_reader dead_letters{db, tasks};
  portable::job_table<engine> jobs{db};
  portable::answer_table<engine> answers{db};
  queue_reader queue{db};
  portable::payload_table<engine> payloads{db};
  config_reader config{db};
  audit_table audit{db};
  hold_table holds{db};
  retained_rows retained{db, deliveries, tasks};
  link_table links{db, retained, holds};
  retention_table retention{db, retained, holds, links};
  erasure_table erasures{db, retained, holds};
};

/// Borrows a connection of the pool for each call.
[[nodiscard]] std::unique_ptr<read_session> make_reader(std::shared_ptr<connection_pool> pool);
/// Has a connection of its own. store_unavailable when the server is out of reach or another node writes.
[[nodiscard]] result<std::unique_ptr<write_session>> make_writer(const connection_settings& settings);

}  // namespace waybill::core::postgres
