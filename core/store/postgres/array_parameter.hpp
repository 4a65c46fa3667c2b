// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/model/delivery.hpp"
#include "core/model/id.hpp"
#include "core/model/time.hpp"

namespace waybill::core::postgres {

/// Numbers of the server's built-in types (pg_type.dat; part of its protocol, they never change).
namespace oid {
inline constexpr std::uint32_t boolean = 16, bytea = 17, bigint = 20, text = 25, uuid = 2950;
inline constexpr std::uint32_t boolean_array = 1000, bytea_array = 1001, text_array = 1009, bigint_array = 1016,
                               uuid_array = 2951;
}  // namespace oid

/// A column of a batch: an array in the server's binary format, built once and bound as one parameter. Reused from batch to
/// batch, so that it keeps its memory.
class array_parameter {
public:
  /// `type` is the type of an element.
  explicit array_parameter(std::uint32_t type);

  void clear();
  void add_null();
  void add(std::int64_t value);
  void add(bool value);
  void add(std::string_view bytes);      ///< bytea, or a text that is known to be valid
  void add_text(std::string_view text);  ///< what is not UTF-8, and zeros, become U+FFFD
  void add_text_or_null(std::string_view text) { text.empty() ? add_null() : add_text(text); }
  void add(const id_bytes& id) { add(std::string_view(reinterpret_cast<const char*>(id.data()), id.size())); }
  void add(const sha256_digest& digest) { add(std::string_view(reinterpret_cast<const char*>(digest.data()), digest.size())); }
  void add(utc_time time) { add(to_unix_ms(time)); }
  void add(milliseconds duration) { add(std::int64_t{duration.count()}); }
  template <class Kind>
  void add(const typed_id<Kind>& id) {
    add(id.bytes());
  }
  template <class T>
  void add(const std::optional<T>& value) {
    value ? add(*value) : add_null();
  }
  /// NULL where it is what the statement takes for NULL anyway.
  void add_unless(std::int64_t usual, std::int64_t value) { value == usual ? add_null() : add(value); }

  [[nodiscard]] std::uint32_t type() const { return array_type_; }
  [[nodiscard]] std::size_t size() const { return count_; }
  /// Then NULL can stand for the whole array: unnest fills up the columns that are shorter, and this one costs nothing.
  [[nodiscard]] bool only_nulls() const { return count_ == nulls_; }
  [[nodiscard]] std::string_view bytes() const { return buffer_; }

private:
  void count_one();

  std::uint32_t element_type_;
  std::uint32_t array_type_;
  std::uint32_t count_ = 0;
  std::uint32_t nulls_ = 0;
  std::string buffer_;
};

/// The text as the server can hold it: what is not UTF-8, and zeros, become U+FFFD. Nothing when it is right as it is.
[[nodiscard]] std::optional<std::string> storable_text(std::string_view text);

}  // namespace waybill::core::postgres
