// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "core/store/backup/rows.hpp"
#include "core/store/postgres/connection.hpp"

namespace waybill::core::postgres {

/// Puts the rows it gets into a schema that has none, in one transaction: all of them are there when finish has returned, or
/// none. The writer's lock is held until then. conflict for a store that has rows, or that a node uses.
[[nodiscard]] result<std::unique_ptr<row_sink>> open_import(connection_settings settings);

}  // namespace waybill::core::postgres
