// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "core/model/policy.hpp"
#include "core/model/time.hpp"

namespace waybill::core {

/// What one destination takes, learnt from its refusals (429 and the like): multiplicative decrease, additive increase, as TCP
/// does it, and the decrease follows the share of answers that were refusals, as DCTCP does it (RFC 8257). Where all is refused
/// the concurrency is halved, and the rate set to half of that at which the destination had been taking deliveries; where a
/// fifth is, both lose a tenth; and refusals by chance among many deliveries change nothing. Deliveries that succeed raise both
/// again, by a twentieth of that rate every second and one attempt every round, until four times that rate goes well: then
/// nothing is left of it but what is configured.
///
/// What always holds:
///  1. 1 <= concurrency() <= the configured one; rate() is never above the configured one, and above zero where there is one.
///  2. Refusals of attempts that began before the last decrease decrease nothing: they are answers to what was decreased
///  already.
/// Pure: every call says what time it is. Not thread-safe; one destination actor owns it.
class adaptive_limit {
public:
  /// Where everything is refused without a word for how long, the destination is left alone for this long.
  static constexpr milliseconds longest_pause{500};
  /// Of the recent answers: up to here refusals are taken for chance.
  static constexpr double tolerated_share = 0.15;

  explicit adaptive_limit(limit_settings settings) { set_settings(settings); }
  /// What was learnt stays, within the new bounds.
  void set_settings(limit_settings settings);

  /// An attempt that began at `started` was refused. True if that was news, so that the limits went down.
  bool on_refused(mono_time started, mono_time now);
  void on_delivered(mono_time started, mono_time now);

  /// For how long to leave a destination alone that refused without saying for how long.
  [[nodiscard]] milliseconds pause() const;

  [[nodiscard]] std::uint32_t concurrency() const { return static_cast<std::uint32_t>(concurrency_); }
  /// Attempts a second; 0: no limit.
  [[nodiscard]] double rate() const { return rate_ > 0 ? rate_ : settings_.rate_per_second; }
  /// Below what is configured because of refusals.
  [[nodiscard]] bool reduced() const { return rate_ > 0 || concurrency_ < settings_.max_concurrency; }

private:
  void count_delivered(mono_time now);
  void count_answer(bool refused);
  [[nodiscard]] double refused_share() const { return refused_ / answers_; }
  [[nodiscard]] double delivered_per_second(mono_time now) const;

  limit_settings settings_;
  double concurrency_ = 0;  ///< 0: not set yet
  double rate_ = 0;         ///< 0: not reduced
  double refused_at_ = 0;   ///< the rate that the last decrease began with
  mono_time decreased_{};
  mono_time raised_{};

  // The recent answers and the refusals among them, each of them fading with every further answer.
  double answers_ = 0;
  double refused_ = 0;

  // Deliveries in this second and in the one before.
  mono_time second_{};
  std::uint32_t this_second_ = 0;
  std::uint32_t last_second_ = 0;
};

}  // namespace waybill::core
