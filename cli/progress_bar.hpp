// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

#include "cli/terminal.hpp"

namespace waybill::cli {

/// One line on standard error that shows how far many deliveries, or an upload, are. Draws nothing unless standard error is a
/// terminal; redraws at most ten times a second; `clear` takes the line away so that other text can be written.
class progress_bar {
public:
  /// `total` 0: not known beforehand, only the count is shown. `unit`: of what is counted, with its space in front.
  progress_bar(const terminal& screen, std::size_t total, std::string unit = {});

  void advance(std::size_t done, std::size_t failed);
  void clear();

private:
  void draw(std::size_t done, std::size_t failed);

  const terminal& screen_;
  std::size_t total_;
  std::string unit_;
  std::chrono::steady_clock::time_point started_;
  std::chrono::steady_clock::time_point drawn_;
  bool visible_ = false;
};

}  // namespace waybill::cli
