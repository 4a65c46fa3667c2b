// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace waybill::core {

/// Says whether bytes that come piece by piece are one JSON text (RFC 8259) in UTF-8 of bounded depth. Holds none of them,
/// whatever their number: the parsers at hand gather a string until its end. Not thread-safe.
class json_validator {
public:
  static constexpr std::size_t max_depth = 512;

  /// False from the first byte that cannot belong to a JSON text.
  bool add(std::string_view bytes);
  /// Is what came a whole text?
  [[nodiscard]] bool finish();
  [[nodiscard]] std::uint64_t position() const { return position_; }  ///< bytes that were fine

private:
  enum class state : std::uint8_t {
    value = 1,
    value_or_end,  ///< after '['
    key,
    key_or_end,  ///< after '{'
    colon,
    after_value,
    text,
    escape,
    hex,
    utf8,
    literal,
    minus,
    zero,
    whole,
    point,
    fraction,
    exponent,
    exponent_sign,
    exponent_digits,
    failed
  };

  [[nodiscard]] bool take(unsigned char c);
  [[nodiscard]] bool take_value(unsigned char c);
  [[nodiscard]] bool take_text(unsigned char c);
  [[nodiscard]] bool take_escape(unsigned char c);
  [[nodiscard]] bool take_number(unsigned char c);
  [[nodiscard]] bool take_after_value(unsigned char c);
  [[nodiscard]] bool begin_utf8(unsigned char c);
  [[nodiscard]] bool take_utf8(unsigned char c);
  [[nodiscard]] bool open(bool object);
  [[nodiscard]] bool close(bool object);
  [[nodiscard]] bool go(state next) {
    state_ = next;
    return true;
  }
  [[nodiscard]] bool number_may_end() const;

  state state_ = state::value;
  std::bitset<max_depth> is_object_;  ///< of each open container
  std::size_t depth_ = 0;
  bool is_key_ = false;        ///< the text under way is a member's name
  std::uint8_t left_ = 0;      ///< hex digits or UTF-8 bytes to come
  std::uint8_t least_ = 0x80;  ///< of the next UTF-8 byte (RFC 3629 section 4)
  std::uint8_t most_ = 0xBF;
  std::string_view rest_;  ///< of the literal under way
  std::uint64_t position_ = 0;
};

}  // namespace waybill::core
