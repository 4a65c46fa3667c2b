// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "core/store/backup/rows.hpp"

namespace waybill::core {

/// A backup being written. It has its name only when all of it is on stable storage: until then it is NAME.part beside it,
/// which is removed if the backup comes to nothing. Readable by its owner only. validation_error for a name that cannot be
/// written.
[[nodiscard]] result<std::unique_ptr<row_sink>> make_backup(const std::string& path);

/// A backup that was written. Opening it reads all of it once and compares its digest: one that is cut off or changed is
/// refused before anything of it is used.
[[nodiscard]] result<std::unique_ptr<row_source>> open_backup(const std::string& path);

}  // namespace waybill::core
