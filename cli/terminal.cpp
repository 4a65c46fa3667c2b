// SPDX-License-Identifier: Apache-2.0
#include "cli/terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <iostream>

namespace waybill::cli {
namespace {

bool is_set(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0';
}

bool terminal_is_dumb() {
  const char* term = std::getenv("TERM");
  return term != nullptr && std::strcmp(term, "dumb") == 0;
}

color color_of(std::string_view word) {
  if (word == "delivered" || word == "completed" || word == "healthy" || word == "enabled" || word == "closed")
    return color::green;
  if (word == "failed" || word == "unhealthy" || word == "reject" || word == "open") return color::red;
  if (word == "retrying" || word == "parked" || word == "degraded" || word == "retry" || word == "throttled" ||
      word == "half_open")
    return color::yellow;
  if (word == "cancelled" || word == "canceled" || word == "disabled") return color::dim;
  return color::cyan;
}

}  // namespace

terminal::terminal(bool no_color)
    : out_is_terminal_(isatty(STDOUT_FILENO) == 1),
      error_is_terminal_(isatty(STDERR_FILENO) == 1),
      in_is_terminal_(isatty(STDIN_FILENO) == 1),
      colors_(out_is_terminal_ && !no_color && !is_set("NO_COLOR") && !terminal_is_dumb()) {}

std::string terminal::paint(color c, std::string_view text) const {
  if (!colors_ || c == color::plain || text.empty()) return std::string{text};
  return "\x1b[" + std::to_string(static_cast<int>(c)) + 'm' + std::string{text} + "\x1b[0m";
}

std::string terminal::paint_status(std::string_view word) const { return paint(color_of(word), word); }

std::size_t terminal::width() const {
  winsize size{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return 80;
}

bool terminal::confirm(const std::string& question) const {
  std::cerr << question << " [y/N] " << std::flush;
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "yes";
}

std::string printable(std::string_view text) {
  static constexpr std::string_view dot = "\xC2\xB7";
  std::string shown;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool c1 = byte == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0;
    if (byte >= 0x20 && byte != 0x7F && !c1) {
      shown += text[i];
      continue;
    }
    shown += dot;
    if (c1) ++i;
  }
  return shown;
}

std::size_t columns_of(std::string_view text) {
  std::size_t columns = 0;
  for (const char c : text) columns += (static_cast<unsigned char>(c) & 0xC0) != 0x80 ? 1 : 0;
  return columns;
}

}  // namespace waybill::cli
