// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <waybill/delivery.hpp>

namespace waybill::database {

/// A value to be bound: text in the server's own notation, or bytes for a bytea.
struct bound {
  bool null = true;
  bool binary = false;
  std::string bytes;
};

/// One column and where its value is found.
struct column_source {
  std::string column;
  std::string pointer;  ///< RFC 6901, into {data, metadata, content, deliveryId, …}
  bool required = false;
};

/// What is wrong with a pointer as a source; empty if nothing.
[[nodiscard]] std::string why_unusable(std::string_view pointer);

/// Makes a delivery's values: its idempotency key, then one for each column, in order. Numbers keep the digits they were
/// written with, objects and arrays stay JSON. Immutable; any thread.
class mapping {
public:
  mapping() = default;
  explicit mapping(std::vector<column_source> columns) : columns_(std::move(columns)) {}
  [[nodiscard]] const std::vector<column_source>& columns() const { return columns_; }

  /// content: the payload's bytes. Nothing, with the reason in `why`, if the delivery has no row.
  [[nodiscard]] std::optional<std::vector<bound>> row(const sdk::delivery& what, std::string_view content,
                                                      std::string& why) const;

private:
  std::vector<column_source> columns_;
};

}  // namespace waybill::database
