// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "core/store/sqlite/checkpointer.hpp"
#include "core/store/store.hpp"

namespace waybill::core::sqlite {

/// Everything in one SQLite file. Opening it makes the file (readable by its owner only), applies the migrations and starts
/// the checkpointer. Every session has a connection of its own. The right to write is a lock on `PATH.lock`, which the
/// kernel gives back whatever becomes of the process: a second node on the same file is refused, not fought.
class sqlite_store final : public store {
public:
  [[nodiscard]] static result<std::unique_ptr<store>> open(const std::string& path);

  result<std::unique_ptr<write_session>> open_writer() override;
  result<std::unique_ptr<read_session>> open_reader() override;
  result<bool> compact(std::uint64_t most_bytes) override;
  [[nodiscard]] std::string_view name() const override { return "sqlite"; }

private:
  sqlite_store(std::string path, std::shared_ptr<checkpointer> care) : path_(std::move(path)), care_(std::move(care)) {}

  std::string path_;
  std::shared_ptr<checkpointer> care_;
};

}  // namespace waybill::core::sqlite
