// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "core/store/portable/answer_table.hpp"
#include "core/store/portable/job_table.hpp"
#include "core/store/portable/payload_table.hpp"
#include "core/store/sqlite/accept_writer.hpp"
#include "core/store/sqlite/claim_writer.hpp"
#include "core/store/sqlite/config_reader.hpp"
#include "core/store/sqlite/config_writer.hpp"
#include "core/store/sqlite/database.hpp"
#include "core/store/sqlite/dead_letter_reader.hpp"
#include "core/store/sqlite/deadline_writer.hpp"
#include "core/store/sqlite/delivery_list_reader.hpp"
#include "core/store/sqlite/engine.hpp"
#include "core/store/sqlite/ordering_writer.hpp"
#include "core/store/sqlite/outcome_writer.hpp"
#include "core/store/sqlite/queue_reader.hpp"
#include "core/store/sqlite/record_writer.hpp"
#include "core/store/sqlite/retention_engine.hpp"
#include "core/store/store.hpp"

namespace waybill::core::sqlite {

/// A connection and everything that reads through it. Lives on the heap: the parts point at each other.
struct reading {
  explicit reading(database connection) : db(std::move(connection)) {}

  database db;
  task_reader tasks{db};
  delivery_reader deliveries{db, tasks};
  delivery_list_reader lists{db, deliveries, tasks};
  dead_letter_reader dead_letters{db, tasks};
  portable::job_table<engine> jobs{db};
  portable::answer_table<engine> answers{db};
  queue_reader queue{db};
  config_reader config{db};
  portable::payload_table<engine> payloads{db};
  audit_table audit{db};
  hold_table holds{db};
  retained_rows retained{db, deliveries, tasks};
  link_table links{db, retained, holds};
  retention_table retention{db, retained, holds, links};
  erasure_table erasures{db, retained, holds};
};

/// Who looks after the file hears here what the writer does. Both calls come on the writer's thread.
class commit_listener {
public:
  virtual ~commit_listener() = default;
  /// Once, when the session opens.
  virtual void attach(database& writer) = 0;
  /// After each commit, outside a transaction.
  virtual void on_commit(database& writer) = 0;
  /// Of write_session.
  [[nodiscard]] virtual bool takes_bulk() const = 0;
};

[[nodiscard]] std::unique_ptr<read_session> make_reader(database connection);
/// `claim` (the right to write, and what keeps `listener` alive) is let go after the connection was closed.
/// store_unavailable when the shards cannot be read.
[[nodiscard]] result<std::unique_ptr<write_session>> make_writer(database connection, commit_listener& listener,
                                                                 std::shared_ptr<void> claim);

}  // namespace waybill::core::sqlite
