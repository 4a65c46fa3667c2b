// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include <waybill/host.hpp>

namespace waybill::sftp {

/// How far uploads had got when they were cut off, kept in the engine's store for the next attempt, also after a restart. Up
/// to 64 for a destination: of more, the oldest starts anew. Thread-safe; saving blocks for one commit.
class resume_book {
public:
  explicit resume_book(sdk::handler_context host) : host_(host) {}

  /// Bytes of `path` that the server has confirmed for this task; 0 if nothing is known.
  [[nodiscard]] std::uint64_t find(std::string_view task, std::string_view path);
  void save(std::string_view task, std::string_view path, std::uint64_t confirmed);
  void erase(std::string_view task);

private:
  struct entry {
    std::string path;
    std::uint64_t confirmed = 0;
    std::int64_t at_ms = 0;
  };
  void load();
  void store();

  sdk::handler_context host_;
  std::mutex mutex_;
  bool loaded_ = false;
  std::map<std::string, entry, std::less<>> entries_;
};

}  // namespace waybill::sftp
