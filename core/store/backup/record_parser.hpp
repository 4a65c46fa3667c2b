// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/store/backup/rows.hpp"

namespace waybill::core {

/// Bytes that come in order.
class byte_source {
public:
  virtual ~byte_source() = default;
  /// Up to `room` bytes; 0 at the end.
  [[nodiscard]] virtual result<std::size_t> read(char* to, std::size_t room) = 0;
};

/// Reads the records of a backup (records.hpp) and passes them on. Trusts nothing: sizes are believed only as far as bytes
/// come, kinds and counts are checked. validation_error says what is wrong; the sink's own errors pass through.
class record_parser {
public:
  explicit record_parser(byte_source& from) : from_(from), buffer_(64 * 1'024, '\0') {}

  /// Everything, but for the sink's finish: that is the caller's, who may know more of the bytes than is in them.
  [[nodiscard]] result<void> parse_into(row_sink& sink);

private:
  [[nodiscard]] result<void> fill();
  [[nodiscard]] result<bool> at_end();
  [[nodiscard]] result<std::uint8_t> byte();
  [[nodiscard]] result<std::uint64_t> number();
  [[nodiscard]] result<std::int64_t> signed_number();
  [[nodiscard]] result<void> text(std::string& out, std::uint64_t longest);
  [[nodiscard]] result<void> head(row_sink& sink);
  [[nodiscard]] result<void> table(row_sink& sink);
  [[nodiscard]] result<void> row(row_sink& sink);

  byte_source& from_;
  std::string buffer_;
  std::size_t at_ = 0;
  std::size_t filled_ = 0;
  table_head table_;
  std::vector<cell> cells_;
  std::vector<std::string> texts_;  ///< what cells_ points at
};

}  // namespace waybill::core
