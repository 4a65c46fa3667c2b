// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "core/model/error.hpp"

namespace waybill::core::sqlite {

/// Writes the file anew from what is in it and empties the write-ahead log, so that no byte of anything deleted is left in
/// either: pages keep remains of rows that were moved or removed, and no other means reaches all of them. The writer waits
/// meanwhile, and the disk needs room for two more copies. False, and nothing done, when the file is larger than
/// `most_bytes`. Errors: store_unavailable when the file stays busy or the disk is full.
[[nodiscard]] result<bool> compact(const std::string& path, std::uint64_t most_bytes);

}  // namespace waybill::core::sqlite
