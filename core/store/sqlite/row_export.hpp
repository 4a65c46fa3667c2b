// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "core/store/backup/endpoints.hpp"
#include "core/store/sqlite/database.hpp"

namespace waybill::core::sqlite {

/// The rows of a store in one file, from one read transaction: a node may go on writing meanwhile, and its write-ahead log
/// grows until the export has ended. With source_use::exclusive nobody else may have the file open, nor open it before the
/// end. store_unavailable for a file that is not there, conflict for one that is in use.
[[nodiscard]] result<std::unique_ptr<row_source>> open_export(const std::string& path, source_use use);

}  // namespace waybill::core::sqlite
