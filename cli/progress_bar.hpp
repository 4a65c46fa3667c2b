// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>

#include "cli/terminal.hpp"

namespace waybill::cli {

/// One line on standard error that shows how far many deliveries are. Draws nothing unless standard error is a terminal;
/// redraws at most ten times a second; `clear` takes the line away so that other text can be written.
class progress_bar {
public:
  /// `total` 0: not known beforehand, only the count is shown.
  progress_bar(const terminal& screen, std::size_t total);

  void advance(std::size_t done, std::size_t failed);
  void clear();

private:
  void draw(std::size_t done, std::size_t failed);

  const terminal& screen_;
  std::size_t total_;
  std::chrono::steady_clock::time_point started_;
  std::chrono::steady_clock::time_point drawn_;
  bool visible_ = false;
};

}  // namespace waybill::cli
