// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "core/store/backup/rows.hpp"

namespace waybill::core::sqlite {

/// Makes a store of the rows it gets: in a file beside (PATH.restoring), which takes its place when all is there and on stable
/// storage, and is removed if it comes to nothing. conflict if there is a store with rows at the place, or one in use.
[[nodiscard]] result<std::unique_ptr<row_sink>> open_import(const std::string& path);

}  // namespace waybill::core::sqlite
