// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "core/store/sqlite/sessions.hpp"
#include "tests/store/store_fixture.hpp"

struct sqlite3;

namespace waybill::core::test {

/// A store on a disk that can be full: SQLite itself refuses pages beyond a limit (PRAGMA max_page_count), with the error a
/// full disk gives.
class limited_store final : public sqlite::commit_listener {
public:
  explicit limited_store(const std::string& path);

  [[nodiscard]] std::unique_ptr<write_session> take_writer() { return std::move(writer_); }
  write_session& writer() { return *writer_; }
  /// On the thread of the writer only. No growth beyond what is there plus `pages`.
  void limit(int pages);
  void lift();

  void attach(sqlite::database& writer) override { handle_ = writer.handle(); }
  void on_commit(sqlite::database&) override {}
  [[nodiscard]] bool takes_bulk() const override { return true; }

  organization org = make_organization("o");
  destination hook = make_destination(org.id);

private:
  void pragma(const std::string& sql);

  sqlite3* handle_ = nullptr;
  std::unique_ptr<write_session> writer_;
};

}  // namespace waybill::core::test
