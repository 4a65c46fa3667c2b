// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace waybill::cli {

enum class color : int { plain = 0, bold = 1, dim = 2, red = 31, green = 32, yellow = 33, cyan = 36 };

/// What standard output and standard error are, and how to write on them. Colours only on a terminal, and only where
/// neither NO_COLOR (https://no-color.org) nor TERM=dumb nor --no-color says otherwise. What comes from the node is shown
/// with control characters replaced: a receiver's answer must not steer the terminal of whoever reads it.
class terminal {
public:
  explicit terminal(bool no_color);

  [[nodiscard]] std::string paint(color c, std::string_view text) const;
  /// A status or health word in its colour.
  [[nodiscard]] std::string paint_status(std::string_view word) const;
  [[nodiscard]] bool out_is_terminal() const { return out_is_terminal_; }
  [[nodiscard]] bool error_is_terminal() const { return error_is_terminal_; }
  [[nodiscard]] bool in_is_terminal() const { return in_is_terminal_; }
  [[nodiscard]] std::size_t width() const;

  /// Asks on standard error, reads from standard input; only `y` and `yes` mean yes.
  [[nodiscard]] bool confirm(const std::string& question) const;

private:
  bool out_is_terminal_;
  bool error_is_terminal_;
  bool in_is_terminal_;
  bool colors_;
};

/// `text` with control characters (C0, DEL and the two-byte C1) replaced by a middle dot.
[[nodiscard]] std::string printable(std::string_view text);

/// Columns that UTF-8 `text` takes: code points, which is right for all but wide and combining characters.
[[nodiscard]] std::size_t columns_of(std::string_view text);

}  // namespace waybill::cli
