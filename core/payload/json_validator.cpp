// SPDX-License-Identifier: Apache-2.0
#include "core/payload/json_validator.hpp"

namespace waybill::core {
namespace {

constexpr bool is_space(unsigned char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }
constexpr bool is_digit(unsigned char c) { return c >= '0' && c <= '9'; }
constexpr bool is_hex(unsigned char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
constexpr bool is_plain(unsigned char c) { return c >= 0x20 && c < 0x80 && c != '"' && c != '\\'; }

}  // namespace

bool json_validator::add(std::string_view bytes) {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (state_ == state::text)
      while (i < bytes.size() && is_plain(static_cast<unsigned char>(bytes[i]))) ++i, ++position_;
    if (i == bytes.size()) break;
    if (!take(static_cast<unsigned char>(bytes[i]))) return !go(state::failed);
    ++position_;
  }
  return true;
}

bool json_validator::finish() {
  if (number_may_end()) state_ = state::after_value;
  return state_ == state::after_value && depth_ == 0;
}

bool json_validator::take(unsigned char c) {
  switch (state_) {
    case state::value:
    case state::value_or_end:
      return take_value(c);
    case state::key:
    case state::key_or_end:
      if (is_space(c)) return true;
      if (c == '}' && state_ == state::key_or_end) return close(true);
      is_key_ = true;
      return c == '"' && go(state::text);
    case state::colon:
      return is_space(c) || (c == ':' && go(state::value));
    case state::after_value:
      return take_after_value(c);
    case state::text:
      return take_text(c);
    case state::escape:
      return take_escape(c);
    case state::hex:
      return is_hex(c) && (--left_ > 0 || go(state::text));
    case state::utf8:
      return take_utf8(c);
    case state::literal:
      if (c != static_cast<unsigned char>(rest_.front())) return false;
      rest_.remove_prefix(1);
      return !rest_.empty() || go(state::after_value);
    case state::failed:
      return false;
    default:
      return take_number(c);
  }
}

bool json_validator::take_value(unsigned char c) {
  if (is_space(c)) return true;
  if (is_digit(c)) return go(c == '0' ? state::zero : state::whole);
  switch (c) {
    case ']':
      return state_ == state::value_or_end && close(false);
    case '[':
      return open(false);
    case '{':
      return open(true);
    case '"':
      is_key_ = false;
      return go(state::text);
    case '-':
      return go(state::minus);
    case 't':
      rest_ = "rue";
      return go(state::literal);
    case 'f':
      rest_ = "alse";
      return go(state::literal);
    case 'n':
      rest_ = "ull";
      return go(state::literal);
    default:
      return false;
  }
}

bool json_validator::take_text(unsigned char c) {
  if (c == '"') return go(is_key_ ? state::colon : state::after_value);
  if (c == '\\') return go(state::escape);
  return c >= 0x80 ? begin_utf8(c) : c >= 0x20;
}

bool json_validator::take_escape(unsigned char c) {
  left_ = 4;
  if (c == 'u') return go(state::hex);
  return std::string_view{"\"\\/bfnrt"}.find(static_cast<char>(c)) != std::string_view::npos && go(state::text);
}

bool json_validator::take_number(unsigned char c) {
  switch (state_) {
    case state::minus:
      return is_digit(c) && go(c == '0' ? state::zero : state::whole);
    case state::point:
      return is_digit(c) && go(state::fraction);
    case state::exponent:
      return (c == '+' || c == '-') ? go(state::exponent_sign) : is_digit(c) && go(state::exponent_digits);
    case state::exponent_sign:
      return is_digit(c) && go(state::exponent_digits);
    default:
      break;
  }
  if (is_digit(c) && state_ != state::zero) return true;
  if (c == '.' && (state_ == state::zero || state_ == state::whole)) return go(state::point);
  if ((c == 'e' || c == 'E') && state_ != state::exponent_digits) return go(state::exponent);
  return go(state::after_value) && take_after_value(c);
}

bool json_validator::number_may_end() const {
  return state_ == state::zero || state_ == state::whole || state_ == state::fraction || state_ == state::exponent_digits;
}

bool json_validator::take_after_value(unsigned char c) {
  if (is_space(c)) return true;
  if (depth_ == 0) return false;
  if (c == ',') return go(is_object_[depth_ - 1] ? state::key : state::value);
  if (c == '}') return close(true);
  return c == ']' && close(false);
}

bool json_validator::open(bool object) {
  if (depth_ == max_depth) return false;
  is_object_[depth_++] = object;
  return go(object ? state::key_or_end : state::value_or_end);
}

bool json_validator::close(bool object) {
  if (depth_ == 0 || is_object_[depth_ - 1] != object) return false;
  --depth_;
  return go(state::after_value);
}

/// RFC 3629 section 4: no overlong forms, no surrogates, nothing past U+10FFFF.
bool json_validator::begin_utf8(unsigned char c) {
  least_ = 0x80;
  most_ = 0xBF;
  if (c >= 0xC2 && c <= 0xDF) {
    left_ = 1;
  } else if (c >= 0xE0 && c <= 0xEF) {
    left_ = 2;
    if (c == 0xE0) least_ = 0xA0;
    if (c == 0xED) most_ = 0x9F;
  } else if (c >= 0xF0 && c <= 0xF4) {
    left_ = 3;
    if (c == 0xF0) least_ = 0x90;
    if (c == 0xF4) most_ = 0x8F;
  } else {
    return false;
  }
  return go(state::utf8);
}

bool json_validator::take_utf8(unsigned char c) {
  if (c < least_ || c > most_) return false;
  least_ = 0x80;
  most_ = 0xBF;
  return --left_ > 0 || go(state::text);
}

}  // namespace waybill::core
