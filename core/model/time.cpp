// SPDX-License-Identifier: Apache-2.0
#include "core/model/time.hpp"

#include <algorithm>
#include <cstddef>

namespace waybill::core {
namespace {

constexpr std::int64_t ms_per_day = 24LL * 60 * 60 * 1'000;

struct civil_date {
  std::int64_t year;
  unsigned month;
  unsigned day;
};

// Proleptic Gregorian calendar in eras of 400 years that begin in March; Howard Hinnant, "chrono-Compatible Low-Level Date
// Algorithms". Here for C++17, whose <chrono> has no calendar, and because gmtime takes a lock in some libraries.
constexpr std::int64_t days_from_civil(civil_date date) {
  const std::int64_t year = date.year - (date.month <= 2 ? 1 : 0);
  const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
  const auto year_of_era = static_cast<unsigned>(year - era * 400);
  const unsigned day_of_year = (153 * (date.month > 2 ? date.month - 3 : date.month + 9) + 2) / 5 + date.day - 1;
  const unsigned day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146'097 + static_cast<std::int64_t>(day_of_era) - 719'468;
}

constexpr civil_date civil_from_days(std::int64_t days) {
  days += 719'468;
  const std::int64_t era = (days >= 0 ? days : days - 146'096) / 146'097;
  const auto day_of_era = static_cast<unsigned>(days - era * 146'097);
  const unsigned year_of_era = (day_of_era - day_of_era / 1'460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const unsigned day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const unsigned shifted = (5 * day_of_year + 2) / 153;
  const unsigned month = shifted < 10 ? shifted + 3 : shifted - 9;
  return {static_cast<std::int64_t>(year_of_era) + era * 400 + (month <= 2 ? 1 : 0), month,
          day_of_year - (153 * shifted + 2) / 5 + 1};
}

constexpr unsigned days_in_month(std::int64_t year, unsigned month) {
  constexpr unsigned days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && leap ? 29 : days[month - 1];
}

// RFC 3339 has four digits for the year, so these are the first and the last instant it can write.
constexpr std::int64_t earliest_ms = days_from_civil({0, 1, 1}) * ms_per_day;
constexpr std::int64_t latest_ms = days_from_civil({10'000, 1, 1}) * ms_per_day - 1;

void put_digits(char* to, std::size_t width, std::uint64_t value) {
  for (std::size_t i = width; i > 0; --i, value /= 10) to[i - 1] = static_cast<char>('0' + value % 10);
}

/// Reads a text from left to right; once something was not as expected, `ok` stays false.
struct scanner {
  std::string_view rest;
  bool ok = true;

  unsigned digits(std::size_t width) {
    unsigned value = 0;
    for (std::size_t i = 0; i < width; ++i) {
      if (!at_digit()) return fail();
      value = value * 10 + static_cast<unsigned>(rest.front() - '0');
      rest.remove_prefix(1);
    }
    return value;
  }
  bool take_any_of(std::string_view set, char& taken) {
    if (rest.empty() || set.find(rest.front()) == std::string_view::npos) return false;
    taken = rest.front();
    rest.remove_prefix(1);
    return true;
  }
  void expect(std::string_view set) {
    char ignored = 0;
    if (!take_any_of(set, ignored)) fail();
  }
  [[nodiscard]] bool at_digit() const { return !rest.empty() && rest.front() >= '0' && rest.front() <= '9'; }
  unsigned fail() {
    ok = false;
    return 0;
  }
};

// Thousandths; what is finer is cut off, not rounded, so a time never moves into the future.
std::int64_t scan_fraction_ms(scanner& in) {
  char dot = 0;
  if (!in.take_any_of(".", dot)) return 0;
  unsigned count = 0;
  std::int64_t ms = 0;
  for (; in.at_digit(); ++count) {
    const auto digit = static_cast<std::int64_t>(in.digits(1));
    if (count < 3) ms = ms * 10 + digit;
  }
  if (count < 1 || count > 9) in.fail();
  for (; count < 3; ++count) ms *= 10;
  return ms;
}

std::int64_t scan_offset_minutes(scanner& in) {
  char sign = 0;
  if (!in.take_any_of("Zz+-", sign)) in.fail();
  if (sign == 'Z' || sign == 'z' || !in.ok) return 0;
  const unsigned hours = in.digits(2);
  in.expect(":");
  const unsigned minutes = in.digits(2);
  if (hours > 23 || minutes > 59) in.fail();
  const auto total = static_cast<std::int64_t>(hours) * 60 + minutes;
  return sign == '-' ? -total : total;
}

}  // namespace

std::string to_rfc3339(utc_time time) {
  const std::int64_t total = std::clamp(to_unix_ms(time), earliest_ms, latest_ms);
  const std::int64_t days = (total >= 0 ? total : total - (ms_per_day - 1)) / ms_per_day;
  const auto in_day = static_cast<std::uint64_t>(total - days * ms_per_day);
  const civil_date date = civil_from_days(days);
  std::string text = "0000-00-00T00:00:00.000Z";
  put_digits(text.data(), 4, static_cast<std::uint64_t>(date.year));
  put_digits(text.data() + 5, 2, date.month);
  put_digits(text.data() + 8, 2, date.day);
  put_digits(text.data() + 11, 2, in_day / 3'600'000);
  put_digits(text.data() + 14, 2, in_day / 60'000 % 60);
  put_digits(text.data() + 17, 2, in_day / 1'000 % 60);
  put_digits(text.data() + 20, 3, in_day % 1'000);
  return text;
}

std::optional<utc_time> parse_rfc3339(std::string_view text) {
  scanner in{text};
  civil_date date{};
  date.year = in.digits(4);
  in.expect("-");
  date.month = in.digits(2);
  in.expect("-");
  date.day = in.digits(2);
  in.expect("Tt");
  const unsigned hour = in.digits(2);
  in.expect(":");
  const unsigned minute = in.digits(2);
  in.expect(":");
  const unsigned second = in.digits(2);
  const std::int64_t fraction_ms = scan_fraction_ms(in);
  const std::int64_t offset = scan_offset_minutes(in);
  if (!in.ok || !in.rest.empty()) return std::nullopt;
  if (date.month < 1 || date.month > 12 || date.day < 1 || date.day > days_in_month(date.year, date.month)) return std::nullopt;
  if (hour > 23 || minute > 59 || second > 60) return std::nullopt;
  const std::int64_t minutes = days_from_civil(date) * 1'440 + static_cast<std::int64_t>(hour) * 60 + minute - offset;
  // RFC 3339 section 5.7: a leap second stands only at the end of a UTC day. POSIX time has no room for it.
  if (second == 60 && ((minutes % 1'440) + 1'440) % 1'440 != 1'439) return std::nullopt;
  return from_unix_ms((minutes * 60 + second) * 1'000 + fraction_ms);
}

}  // namespace waybill::core
