// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "local_folder.hpp"
#include "store_client.hpp"

namespace waybill::storage {

/// Which file it is, by what no other file has: inode, size and time of the last change of its content.
[[nodiscard]] std::string identity_of(const struct stat& file);

/// What a folder's ledger keeps of one file.
struct ledger_entry {
  std::string key;
  std::string identity;
};
[[nodiscard]] std::string ledger_line(const ledger_entry& what);
/// Nothing for a line that is none: the last one may be cut.
[[nodiscard]] std::optional<ledger_entry> read_ledger_line(std::string_view line);

/// Of a folder: every file that a destination has written there, in `.waybill/written/<destination>/<day>`, a line a file,
/// since files have no metadata that would say whose they are. Retention deletes what stands there and is still the very file.
/// Blocks.
class local_ledger {
public:
  explicit local_ledger(const local_folder& folder) : folder_(folder) {}

  /// Durable when it returns; false with `fault` if it could not be made so.
  [[nodiscard]] bool add(const std::string& destination, std::int64_t now_ms, const ledger_entry& what,
                         file_fault& fault) const;
  /// A page of files that are still there as they were written, of days that were over at `before_ms`. A day without any is
  /// struck off. `from`: "" or an earlier page's next.
  [[nodiscard]] listing page(const std::string& from, std::int64_t before_ms) const;

private:
  const local_folder& folder_;
};

}  // namespace waybill::storage
