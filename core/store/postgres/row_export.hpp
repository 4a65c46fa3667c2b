// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "core/store/backup/endpoints.hpp"
#include "core/store/postgres/connection.hpp"

namespace waybill::core::postgres {

/// The rows of a store in a schema, from one snapshot (REPEATABLE READ): a node may go on writing meanwhile. With
/// source_use::exclusive the writer's advisory lock is held until the end; conflict if a node has it.
[[nodiscard]] result<std::unique_ptr<row_source>> open_export(connection_settings settings, source_use use);

/// Takes the writer's lock for as long as the connection lives; conflict if a node has it.
[[nodiscard]] result<void> lock_out_writers(connection& db);

}  // namespace waybill::core::postgres
