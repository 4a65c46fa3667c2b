// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace waybill::api {

struct byte_range {
  std::uint64_t first = 0;
  std::uint64_t last = 0;  ///< included
  [[nodiscard]] std::uint64_t size() const { return last - first + 1; }
  friend bool operator==(const byte_range& a, const byte_range& b) { return a.first == b.first && a.last == b.last; }
};

enum class range_verdict : std::uint8_t {
  whole = 1,  ///< none asked for, or to be ignored (RFC 9110 section 14.2): the whole is sent
  parts,
  unsatisfiable,  ///< 416
};

struct wanted_ranges {
  range_verdict verdict = range_verdict::whole;
  std::vector<byte_range> parts;  ///< in the order asked for, none overlapping
};

/// More than these are answered with the whole: many small ranges cost more than they spare (RFC 9110 section 14.2).
inline constexpr std::size_t most_ranges = 16;

/// RFC 9110 section 14.1.2, for content of `size` bytes. A field that breaks the grammar, another unit than bytes, ranges that
/// overlap, and ranges that together are the whole or more are answered with the whole.
[[nodiscard]] wanted_ranges parse_ranges(std::string_view field, std::uint64_t size);

/// Of If-None-Match and If-Match: whether a list of entity tags ("*" too) holds this one. Weak comparison where `weak`.
enum class etag_match : std::uint8_t { strong = 1, weak };
[[nodiscard]] bool lists_etag(std::string_view field, std::string_view etag, etag_match how);

/// "bytes 0-9/100"
[[nodiscard]] std::string content_range(const byte_range& part, std::uint64_t size);

}  // namespace waybill::api
