// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>

/// A file that comes into being whole or not at all: written under another name, renamed at the end, removed if that end is
/// never reached. Every operation returns 0 or an errno value. Blocks.
class spool_file {
public:
  spool_file(const std::string& folder, const std::string& name);
  ~spool_file();
  spool_file(const spool_file&) = delete;
  spool_file& operator=(const spool_file&) = delete;

  [[nodiscard]] int open();
  [[nodiscard]] int write(const void* bytes, std::size_t size);
  /// The file has its name, and with `sync` content and name are on stable storage.
  [[nodiscard]] int commit(bool sync);

private:
  const std::string folder_;
  const std::string path_;
  const std::string part_;
  int file_ = -1;
};
