// SPDX-License-Identifier: Apache-2.0
#include "cli/progress_bar.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <string>
#include <utility>

namespace waybill::cli {
namespace {

using std::chrono::steady_clock;
constexpr std::chrono::milliseconds between_draws{100};

std::string bar(std::size_t done, std::size_t total, std::size_t width) {
  const auto full = std::min(width, done * width / std::max<std::size_t>(1, total));
  std::string text;
  for (std::size_t i = 0; i < width; ++i) text += i < full ? "█" : "░";
  return text;
}

}  // namespace

progress_bar::progress_bar(const terminal& screen, std::size_t total, std::string unit)
    : screen_(screen), total_(total), unit_(std::move(unit)), started_(steady_clock::now()), drawn_(started_ - between_draws) {}

void progress_bar::advance(std::size_t done, std::size_t failed) {
  if (!screen_.error_is_terminal() || steady_clock::now() - drawn_ < between_draws) return;
  drawn_ = steady_clock::now();
  draw(done, failed);
}

void progress_bar::draw(std::size_t done, std::size_t failed) {
  const auto seconds = std::max(0.001, std::chrono::duration<double>(steady_clock::now() - started_).count());
  const auto rate = static_cast<double>(done) / seconds;
  auto text = total_ == 0 ? fmt::format("{}{} sent", done, unit_) : fmt::format("{}/{}{}", done, total_, unit_);
  text += fmt::format("  {:.0f}{}/s", rate, unit_);
  if (total_ > done && rate > 0) text += fmt::format("  {:.0f} s left", static_cast<double>(total_ - done) / rate);
  if (failed > 0) text += fmt::format("  {} refused", failed);
  const auto room = screen_.width();
  if (total_ != 0 && room > text.size() + 12)
    text = bar(done, total_, std::min<std::size_t>(40, room - text.size() - 3)) + "  " + text;
  std::cerr << "\r\x1b[2K" << text << std::flush;
  visible_ = true;
}

void progress_bar::clear() {
  if (!visible_) return;
  std::cerr << "\r\x1b[2K" << std::flush;
  visible_ = false;
}

}  // namespace waybill::cli
