// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace waybill::database {

/// A file that is on no disk: libpq takes certificates and keys by path only, and a secret is to be in no file that others
/// might read or a crash leave behind. Readable by this process alone, gone with its object.
class memory_file {
public:
  /// Empty if there is nothing to hold, or the system has no file to give.
  explicit memory_file(std::string_view content);
  ~memory_file();
  memory_file(const memory_file&) = delete;
  memory_file& operator=(const memory_file&) = delete;
  /// Empty if there is no file.
  [[nodiscard]] const std::string& path() const { return path_; }

private:
  int fd_ = -1;
  std::string path_;
};

}  // namespace waybill::database
