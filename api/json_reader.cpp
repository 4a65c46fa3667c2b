// SPDX-License-Identifier: Apache-2.0
#include "api/json_reader.hpp"

#include <algorithm>
#include <utility>

#include <simdjson.h>

namespace waybill::api {

namespace {

/// Up to here a new name is compared with each before it; larger objects are sorted once, when they end.
constexpr std::size_t linear_names = 16;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

void append_utf8(std::string& out, std::uint32_t point) {
  const auto put = [&out](std::uint32_t byte) { out += static_cast<char>(static_cast<unsigned char>(byte)); };
  if (point < 0x80) return put(point);
  if (point < 0x800) {
    put(0xC0 | (point >> 6));
  } else {
    if (point < 0x10000) {
      put(0xE0 | (point >> 12));
    } else {
      put(0xF0 | (point >> 18));
      put(0x80 | ((point >> 12) & 0x3F));
    }
    put(0x80 | ((point >> 6) & 0x3F));
  }
  put(0x80 | (point & 0x3F));
}

std::uint32_t hex_value(char c) {
  if (is_digit(c)) return static_cast<std::uint32_t>(c - '0');
  return static_cast<std::uint32_t>((c | 0x20) - 'a' + 10);
}

std::uint32_t four_hex(std::string_view text) {
  std::uint32_t value = 0;
  for (const char c : text.substr(0, 4)) value = value * 16 + hex_value(c);
  return value;
}

/// `raw` is the inside of a string token that was validated: every escape is whole and every surrogate has its pair.
std::string unescape(std::string_view raw) {
  std::string out;
  out.reserve(raw.size());
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] != '\\') {
      out += raw[i];
      continue;
    }
    switch (const char c = raw[++i]) {
      case 'b':
        out += '\b';
        break;
      case 'f':
        out += '\f';
        break;
      case 'n':
        out += '\n';
        break;
      case 'r':
        out += '\r';
        break;
      case 't':
        out += '\t';
        break;
      case 'u': {
        std::uint32_t point = four_hex(raw.substr(i + 1));
        i += 4;
        if (point >= 0xD800 && point < 0xDC00) {
          point = 0x10000 + ((point - 0xD800) << 10) + (four_hex(raw.substr(i + 3)) - 0xDC00);
          i += 6;
        }
        append_utf8(out, point);
        break;
      }
      default:
        out += c;
    }
  }
  return out;
}

}  // namespace

std::string pointer_token(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out += c;
    }
  }
  return out;
}

json_reader::json_reader(std::string_view text, std::uint32_t max_depth) : text_(text), max_depth_(max_depth) {
  levels_.reserve(8);
  names_.reserve(32);
  if (!simdjson::validate_utf8(text.data(), text.size())) fail("utf8", "the body is not valid UTF-8");
}

json_kind json_reader::peek() {
  space();
  if (failed_ || at_ >= text_.size()) return json_kind::invalid;
  switch (text_[at_]) {
    case '{':
      return json_kind::object;
    case '[':
      return json_kind::array;
    case '"':
      return json_kind::string;
    case 't':
    case 'f':
      return json_kind::boolean;
    case 'n':
      return json_kind::null;
    default:
      return text_[at_] == '-' || is_digit(text_[at_]) ? json_kind::number : json_kind::invalid;
  }
}

bool json_reader::skip(std::string_view& raw) {
  const auto kind = peek();
  const std::size_t start = at_;
  std::string_view inner;
  bool escaped = false;
  bool good = false;
  switch (kind) {
    case json_kind::object:
      for (good = enter_object(); good && next_member(inner);) good = skip(inner);
      break;
    case json_kind::array:
      for (good = enter_array(); good && next_element();) good = skip(inner);
      break;
    case json_kind::string:
      good = string_token(inner, escaped);
      break;
    case json_kind::number:
      good = number();
      break;
    case json_kind::boolean:
      good = literal(text_[at_] == 't' ? "true" : "false");
      break;
    case json_kind::null:
      good = literal("null");
      break;
    case json_kind::invalid:
      good = fail("json", "a JSON value is expected here");
      break;
  }
  if (!good || failed_) return false;
  raw = text_.substr(start, at_ - start);
  return true;
}

bool json_reader::read_string(std::string& out) {
  if (peek() != json_kind::string) return fail("json", "a string is expected here");
  std::string_view raw;
  bool escaped = false;
  if (!string_token(raw, escaped)) return false;
  if (escaped) {
    out = unescape(raw);
  } else {
    out.assign(raw);
  }
  return true;
}

bool json_reader::enter_object() { return open('{', true); }
bool json_reader::enter_array() { return open('[', false); }

bool json_reader::open(char bracket, bool is_object) {
  space();
  if (failed_) return false;
  if (at_ >= text_.size() || text_[at_] != bracket)
    return fail("json", is_object ? "an object is expected here" : "an array is expected here");
  if (levels_.size() >= max_depth_)
    return fail("depth", "the body is nested more than " + std::to_string(max_depth_) + " levels deep");
  ++at_;
  levels_.push_back({is_object, true, names_.size(), 0});
  return true;
}

bool json_reader::next_member(std::string_view& name) {
  if (failed_) return false;
  space();
  const bool first = std::exchange(levels_.back().first, false);
  if (at_ < text_.size() && text_[at_] == '}') {
    ++at_;
    leave();
    return false;
  }
  if (!first) {
    if (at_ >= text_.size() || text_[at_] != ',') return fail("json", "expected ',' or '}' after a member");
    ++at_;
    space();
  }
  if (at_ >= text_.size() || text_[at_] != '"') return fail("json", "a member's name in double quotes is expected here");
  std::string_view raw;
  bool escaped = false;
  if (!string_token(raw, escaped)) return false;
  name = escaped ? unescaped_.emplace_front(unescape(raw)) : raw;
  if (!name_is_new(name)) return false;
  space();
  if (at_ >= text_.size() || text_[at_] != ':') return fail("json", "expected ':' after a member's name");
  ++at_;
  return true;
}

bool json_reader::next_element() {
  if (failed_) return false;
  space();
  auto& level = levels_.back();
  const bool first = std::exchange(level.first, false);
  if (at_ < text_.size() && text_[at_] == ']') {
    ++at_;
    leave();
    return false;
  }
  if (first) return true;
  ++level.index;
  if (at_ >= text_.size() || text_[at_] != ',') return fail("json", "expected ',' or ']' after an element");
  ++at_;
  return true;
}

void json_reader::leave() {
  const auto level = levels_.back();
  if (level.is_object && !names_are_unique(level.first_name)) {
    fail("duplicate", "a member's name comes more than once in this object");
    return;
  }
  levels_.pop_back();
  names_.resize(level.first_name);
}

bool json_reader::name_is_new(std::string_view name) {
  const std::size_t first = levels_.back().first_name;
  const bool small = names_.size() - first < linear_names;
  const bool seen = small && std::find(names_.begin() + static_cast<std::ptrdiff_t>(first), names_.end(), name) != names_.end();
  names_.push_back(name);
  return !seen || fail("duplicate", "this member's name comes more than once in its object");
}

bool json_reader::names_are_unique(std::size_t first) const {
  if (names_.size() - first <= linear_names) return true;  // compared one by one as they came
  std::vector<std::string_view> sorted(names_.begin() + static_cast<std::ptrdiff_t>(first), names_.end());
  std::sort(sorted.begin(), sorted.end());
  return std::adjacent_find(sorted.begin(), sorted.end()) == sorted.end();
}

bool json_reader::finish() {
  space();
  if (failed_) return false;
  return at_ == text_.size() || fail("json", "nothing may follow the JSON value");
}

void json_reader::space() {
  while (at_ < text_.size()) {
    const char c = text_[at_];
    if (c != ' ' && c != '\n' && c != '\r' && c != '\t') return;
    ++at_;
  }
}

bool json_reader::literal(std::string_view word) {
  if (text_.substr(at_, word.size()) != word) return fail("json", "expected true, false or null");
  at_ += word.size();
  return true;
}

/// RFC 8259 section 6. What may follow a number (`1a`) is the caller's to refuse: it expects ',' or an end.
bool json_reader::number() {
  const auto here = [this] { return at_ < text_.size() ? text_[at_] : '\0'; };
  const auto digits = [&] {
    const std::size_t start = at_;
    while (is_digit(here())) ++at_;
    return at_ > start;
  };
  if (here() == '-') ++at_;
  if (here() == '0') {
    ++at_;
  } else if (!digits()) {
    return fail("json", "a digit is expected here");
  }
  if (here() == '.') {
    ++at_;
    if (!digits()) return fail("json", "a digit is expected after the decimal point");
  }
  if (here() == 'e' || here() == 'E') {
    ++at_;
    if (here() == '+' || here() == '-') ++at_;
    if (!digits()) return fail("json", "a digit is expected in the exponent");
  }
  return true;
}

/// From the opening quote past the closing one; `raw` is what lies between, every escape in it proved whole.
bool json_reader::string_token(std::string_view& raw, bool& escaped) {
  const std::size_t start = ++at_;
  while (at_ < text_.size()) {
    const auto c = static_cast<unsigned char>(text_[at_]);
    if (c == '"') {
      raw = text_.substr(start, at_ - start);
      ++at_;
      return true;
    }
    if (c < 0x20) return fail("json", "a control character in a string must be escaped");
    ++at_;
    if (c == '\\') {
      escaped = true;
      if (!escape_sequence()) return false;
    }
  }
  return fail("json", "the body ends inside a string");
}

bool json_reader::escape_sequence() {
  const char c = at_ < text_.size() ? text_[at_++] : '\0';
  if (c != 'u') {
    const bool known = c != '\0' && std::string_view{"\"\\/bfnrt"}.find(c) != std::string_view::npos;
    return known || fail("json", "an unknown escape in a string");
  }
  std::uint32_t unit = 0;
  if (!hex4(unit)) return false;
  if (unit < 0xD800 || unit > 0xDFFF) return true;
  if (unit < 0xDC00 && text_.substr(at_, 2) == "\\u") {
    at_ += 2;
    if (!hex4(unit)) return false;
    if (unit >= 0xDC00 && unit <= 0xDFFF) return true;
  }
  return fail("utf8", "half of a surrogate pair in a string");
}

bool json_reader::hex4(std::uint32_t& value) {
  const auto digits = text_.substr(at_, 4);
  const bool good = digits.size() == 4 && std::all_of(digits.begin(), digits.end(), [](char c) {
                      const char low = static_cast<char>(c | 0x20);
                      return is_digit(c) || (low >= 'a' && low <= 'f');
                    });
  if (!good) return fail("json", "\\u needs four hexadecimal digits");
  value = four_hex(digits);
  at_ += 4;
  return true;
}

bool json_reader::fail(std::string rule, std::string message) {
  if (failed_) return false;
  failed_ = true;
  fault_ = {at_, location(), std::move(rule), std::move(message)};
  return false;
}

std::string json_reader::location() const {
  std::string pointer;
  for (std::size_t i = 0; i < levels_.size(); ++i) {
    const auto& level = levels_[i];
    if (!level.is_object) {
      pointer += '/' + std::to_string(level.index);
      continue;
    }
    const std::size_t end = i + 1 < levels_.size() ? levels_[i + 1].first_name : names_.size();
    if (end > level.first_name) pointer += '/' + pointer_token(names_[end - 1]);
  }
  return pointer;
}

bool is_acceptable_json(std::string_view text, std::uint32_t max_depth, json_fault& fault) {
  json_reader reader{text, max_depth};
  std::string_view raw;
  if (reader.skip(raw) && reader.finish()) return true;
  fault = reader.fault();
  return false;
}

}  // namespace waybill::api
