// SPDX-License-Identifier: Apache-2.0
#include "core/store/postgres/array_parameter.hpp"

#include <simdjson.h>

#include "core/store/postgres/wire.hpp"

namespace waybill::core::postgres {
namespace {

// array_recv: number of dimensions, "may hold NULL", type of the elements, then length and lower bound of the one dimension.
constexpr std::size_t header_size = 5 * 4;
constexpr std::size_t count_at = 3 * 4;
constexpr std::size_t nulls_at = 1 * 4;

constexpr const char* replacement = "\xEF\xBF\xBD";

std::uint32_t array_of(std::uint32_t element) {
  switch (element) {
    case oid::boolean:
      return oid::boolean_array;
    case oid::bytea:
      return oid::bytea_array;
    case oid::text:
      return oid::text_array;
    case oid::uuid:
      return oid::uuid_array;
    default:
      return oid::bigint_array;
  }
}

/// How many bytes from `at` on are one valid character; 0 if none.
std::size_t character_size(std::string_view text, std::size_t at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  if (lead == 0) return 0;
  const std::size_t size = lead < 0x80 ? 1 : lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (at + size > text.size()) return 0;
  return simdjson::validate_utf8(text.data() + at, size) ? size : 0;
}

}  // namespace

std::optional<std::string> storable_text(std::string_view text) {
  if (text.find('\0') == std::string_view::npos && simdjson::validate_utf8(text.data(), text.size())) return std::nullopt;
  std::string right;
  right.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const auto size = character_size(text, at);
    size > 0 ? right.append(text, at, size) : right.append(replacement);
    at += size > 0 ? size : 1;
  }
  return right;
}

array_parameter::array_parameter(std::uint32_t type) : element_type_(type), array_type_(array_of(type)) { clear(); }

void array_parameter::clear() {
  // A batch of large payloads must not keep its memory for ever.
  constexpr std::size_t usual = 4 * 1024 * 1024;
  if (buffer_.capacity() > usual) std::string().swap(buffer_);
  count_ = nulls_ = 0;
  buffer_.clear();
  append_int32(buffer_, 1);
  append_int32(buffer_, 0);
  append_int32(buffer_, element_type_);
  append_int32(buffer_, 0);
  append_int32(buffer_, 1);
}

void array_parameter::count_one() { write_int32(buffer_.data() + count_at, ++count_); }

void array_parameter::add_null() {
  count_one();
  ++nulls_;
  write_int32(buffer_.data() + nulls_at, 1);
  append_int32(buffer_, 0xffff'ffff);
}

void array_parameter::add(std::int64_t value) {
  count_one();
  append_int32(buffer_, 8);
  append_int64(buffer_, value);
}

void array_parameter::add(bool value) {
  count_one();
  append_int32(buffer_, 1);
  buffer_ += value ? '\1' : '\0';
}

void array_parameter::add(std::string_view bytes) {
  count_one();
  append_int32(buffer_, static_cast<std::uint32_t>(bytes.size()));
  buffer_.append(bytes);
}

void array_parameter::add_text(std::string_view text) {
  if (auto right = storable_text(text))
    add(std::string_view(*right));
  else
    add(text);
}

static_assert(header_size == 20);

}  // namespace waybill::core::postgres
