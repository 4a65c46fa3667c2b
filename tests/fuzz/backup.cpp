// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "core/store/backup/block_stream.hpp"
#include "core/store/backup/record_parser.hpp"

using namespace waybill::core;

namespace {

class bytes_of final : public byte_source {
public:
  explicit bytes_of(std::string_view bytes) : left_(bytes) {}
  [[nodiscard]] result<std::size_t> read(char* to, std::size_t room) override {
    const auto size = room < left_.size() ? room : left_.size();
    std::memcpy(to, left_.data(), size);
    left_.remove_prefix(size);
    return size;
  }

private:
  std::string_view left_;
};

/// Whatever reaches a store is in order, and of the kinds that were announced.
class checking_sink final : public row_sink {
public:
  result<void> begin(const store_head& head) override {
    if (has_begun_ || head.schema == 0) std::abort();
    has_begun_ = true;
    return {};
  }
  result<void> begin_table(const table_head& table) override {
    if (!has_begun_ || in_table_ || table.columns.empty()) std::abort();
    in_table_ = true;
    columns_ = table.columns;
    return {};
  }
  result<void> row(const std::vector<cell>& cells) override {
    if (!in_table_ || cells.size() != columns_.size()) std::abort();
    for (std::size_t i = 0; i < cells.size(); ++i)
      if (cells[i].kind != cell_kind::null && cells[i].kind != columns_[i].kind) std::abort();
    return {};
  }
  result<void> end_table() override {
    if (!in_table_) std::abort();
    in_table_ = false;
    return {};
  }
  result<void> finish() override { return {}; }

private:
  bool has_begun_ = false;
  bool in_table_ = false;
  std::vector<table_column> columns_;
};

}  // namespace

// A backup, once as the plain records that it holds and once as the file they lie in (whose digest is not looked at, or
// nothing that was changed would ever be read).
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  {
    bytes_of plain(text);
    checking_sink sink;
    static_cast<void>(record_parser{plain}.parse_into(sink));
  }
  bytes_of file(text);
  backup_blocks::unpacker plain(file);
  checking_sink sink;
  static_cast<void>(record_parser{plain}.parse_into(sink));
  return 0;
}
