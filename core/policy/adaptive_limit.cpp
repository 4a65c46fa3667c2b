// SPDX-License-Identifier: Apache-2.0
#include "core/policy/adaptive_limit.hpp"

#include <algorithm>

namespace waybill::core {
namespace {

constexpr std::chrono::seconds one_second{1};
constexpr double least_rate = 0.5;    // one attempt in two seconds still finds out that the destination is well again
constexpr double raise_share = 0.05;  // a second: from a half back to the whole in ten seconds
constexpr double lift_multiple = 4;   // of the rate that was refused: beyond it there is nothing left of the reason
constexpr double least_raise = 0.1;   // a second
constexpr double fading = 0.99;       // an answer weighs half after some 70 more

double seconds_between(mono_time from, mono_time to) { return std::chrono::duration<double>(to - from).count(); }

}  // namespace

void adaptive_limit::set_settings(limit_settings settings) {
  const bool whole = concurrency_ <= 0 || concurrency_ >= settings_.max_concurrency;
  settings_ = settings;
  const double most = std::max<std::uint32_t>(settings_.max_concurrency, 1);
  concurrency_ = whole ? most : std::min(concurrency_, most);
  if (settings_.rate_per_second > 0 && rate_ >= settings_.rate_per_second) rate_ = 0;
}

milliseconds adaptive_limit::pause() const { return std::chrono::ceil<milliseconds>(longest_pause * refused_share()); }

void adaptive_limit::count_answer(bool refused) {
  answers_ = answers_ * fading + 1;
  refused_ = refused_ * fading + (refused ? 1 : 0);
}

void adaptive_limit::count_delivered(mono_time now) {
  if (now - second_ >= one_second) {
    last_second_ = now - second_ < 2 * one_second ? this_second_ : 0;
    this_second_ = 0;
    second_ = now;
  }
  ++this_second_;
}

double adaptive_limit::delivered_per_second(mono_time now) const {
  if (now - second_ >= 2 * one_second) return 0;
  return std::max(this_second_, last_second_);
}

bool adaptive_limit::on_refused(mono_time started, mono_time now) {
  count_answer(true);
  const double share = refused_share();
  // What few refusals say is known no sooner than in a second; that everything is refused is plain at once.
  if (started < decreased_ || share <= tolerated_share || seconds_between(decreased_, now) < 1 - share) return false;
  const double kept = 1 - share / 2;
  // A limit that was not made use of says nothing of what the destination takes.
  refused_at_ = delivered_per_second(now);
  if (rate() > 0) refused_at_ = std::min(refused_at_, rate());
  rate_ = std::max(refused_at_ * kept, least_rate);
  if (settings_.rate_per_second > 0) rate_ = std::min(rate_, settings_.rate_per_second);
  concurrency_ = std::max(1.0, concurrency_ * kept);
  decreased_ = raised_ = now;
  return true;
}

void adaptive_limit::on_delivered(mono_time started, mono_time now) {
  count_answer(false);
  count_delivered(now);
  if (!reduced() || started < decreased_) return;
  // Each of a round of `concurrency` attempts adds its part of one.
  concurrency_ = std::min<double>(settings_.max_concurrency, concurrency_ + 1.0 / concurrency_);
  if (rate_ <= 0) return;
  rate_ += std::max(refused_at_ * raise_share, least_raise) * std::min(seconds_between(raised_, now), 1.0);
  raised_ = now;
  const double configured = settings_.rate_per_second;
  if (rate_ >= std::max(refused_at_ * lift_multiple, 2 * least_rate) || (configured > 0 && rate_ >= configured)) rate_ = 0;
}

}  // namespace waybill::core
