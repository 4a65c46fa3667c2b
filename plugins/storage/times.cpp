// SPDX-License-Identifier: Apache-2.0
#include "times.hpp"

#include <array>
#include <charconv>
#include <cstdio>

namespace waybill::storage {
namespace {

/// Reads numbers and marks from the front of a text.
class scanner {
public:
  explicit scanner(std::string_view text) : rest_(text) {}
  [[nodiscard]] int number(std::size_t digits) {
    int out = 0;
    const auto text = rest_.substr(0, digits);
    const auto end = text.data() + text.size();
    const bool good = text.size() == digits && text.front() >= '0' && text.front() <= '9' &&
                      std::from_chars(text.data(), end, out).ptr == end;
    good_ = good_ && good;
    rest_.remove_prefix(text.size());
    return good ? out : 0;
  }
  [[nodiscard]] bool mark(char wanted) {
    if (rest_.empty() || rest_.front() != wanted) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void expect(char wanted) { good_ = mark(wanted) && good_; }
  /// Digits after a point, as milliseconds.
  [[nodiscard]] int fraction() {
    int ms = 0;
    int weight = 100;
    std::size_t digits = 0;
    for (; !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9'; rest_.remove_prefix(1), ++digits) {
      ms += (rest_.front() - '0') * weight;
      weight /= 10;
    }
    good_ = good_ && digits > 0;
    return ms;
  }
  [[nodiscard]] bool good() const { return good_; }
  [[nodiscard]] bool ended() const { return rest_.empty(); }

private:
  std::string_view rest_;
  bool good_ = true;
};

[[nodiscard]] bool is_time(const std::tm& t) {
  return t.tm_mon >= 0 && t.tm_mon < 12 && t.tm_mday >= 1 && t.tm_mday <= 31 && t.tm_hour < 24 && t.tm_min < 60 &&
         t.tm_sec <= 60;
}

}  // namespace

std::string format_utc(std::int64_t unix_ms, const char* format) {
  const auto seconds = static_cast<std::time_t>(unix_ms / 1'000);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  std::array<char, 64> text{};
  const auto size = std::strftime(text.data(), text.size(), format, &utc);
  return {text.data(), size};
}

std::string iso8601(std::int64_t unix_ms) {
  std::array<char, 8> fraction{};
  std::snprintf(fraction.data(), fraction.size(), ".%03dZ", static_cast<int>(((unix_ms % 1'000) + 1'000) % 1'000));
  return format_utc(unix_ms, "%Y-%m-%dT%H:%M:%S") + fraction.data();
}

std::optional<std::int64_t> parse_iso8601(std::string_view text) {
  scanner in{text};
  std::tm t{};
  t.tm_year = in.number(4) - 1'900;
  in.expect('-');
  t.tm_mon = in.number(2) - 1;
  in.expect('-');
  t.tm_mday = in.number(2);
  in.expect('T');
  t.tm_hour = in.number(2);
  in.expect(':');
  t.tm_min = in.number(2);
  in.expect(':');
  t.tm_sec = in.number(2);
  const int ms = in.mark('.') ? in.fraction() : 0;
  std::int64_t offset_minutes = 0;
  if (!in.mark('Z')) {
    const bool east = in.mark('+');
    if (!east) in.expect('-');
    const int hours = in.number(2);
    in.expect(':');
    offset_minutes = (hours * 60 + in.number(2)) * (east ? 1 : -1);
  }
  if (!in.good() || !in.ended() || !is_time(t)) return std::nullopt;
  return (static_cast<std::int64_t>(timegm(&t)) - offset_minutes * 60) * 1'000 + ms;
}

}  // namespace waybill::storage
