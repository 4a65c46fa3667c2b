// SPDX-License-Identifier: Apache-2.0
#include "timestamps.hpp"

#include <algorithm>

namespace waybill::webhook {
namespace {

void put(char* at, unsigned number, int digits) {
  for (int i = digits; i-- > 0; number /= 10) at[i] = static_cast<char>('0' + number % 10);
}

}  // namespace

// The calendar is the proleptic Gregorian one, counted in eras of 400 years that start on 1 March, so that a leap day is
// the last day of its year (H. Hinnant, "chrono-Compatible Low-Level Date Algorithms").
iso8601::iso8601(std::int64_t unix_ms) {
  constexpr std::int64_t day_ms = 86'400'000;
  constexpr std::int64_t first = -62'167'219'200'000;  // 0000-01-01
  constexpr std::int64_t last = 253'402'300'799'999;   // 9999-12-31
  const auto ms = std::clamp(unix_ms, first, last) - first;
  const auto days_from_march = ms / day_ms - 60 + 146'097;  // since -0400-03-01; year 0 is a leap year
  const auto era = days_from_march / 146'097;
  const auto day_of_era = static_cast<unsigned>(days_from_march % 146'097);
  const unsigned year_of_era = (day_of_era - day_of_era / 1'460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const unsigned day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const unsigned month_from_march = (5 * day_of_year + 2) / 153;
  const unsigned day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
  const unsigned month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
  const auto year = static_cast<unsigned>((era - 1) * 400) + year_of_era + (month <= 2 ? 1 : 0);
  const auto of_day = static_cast<unsigned>(ms % day_ms);
  text_ = {'0', '0', '0', '0', '-', '0', '0', '-', '0', '0', 'T', '0',
           '0', ':', '0', '0', ':', '0', '0', '.', '0', '0', '0', 'Z'};
  put(&text_[0], year, 4);
  put(&text_[5], month, 2);
  put(&text_[8], day, 2);
  put(&text_[11], of_day / 3'600'000, 2);
  put(&text_[14], of_day / 60'000 % 60, 2);
  put(&text_[17], of_day / 1'000 % 60, 2);
  put(&text_[20], of_day % 1'000, 3);
}

}  // namespace waybill::webhook
