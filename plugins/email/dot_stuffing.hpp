// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace waybill::email {

/// The transparency of SMTP's DATA (RFC 5321 section 4.5.2): a line that starts with a dot gets one more. Lines end in CRLF,
/// as what is given must have it; the pieces may be cut anywhere.
class dot_stuffer {
public:
  void append(std::string& out, std::string_view piece) {
    while (!piece.empty()) {
      if (at_start_ && piece.front() == '.') out.push_back('.');
      const auto end = piece.find('\n');
      const auto line = piece.substr(0, end == std::string_view::npos ? end : end + 1);
      out.append(line);
      at_start_ = end != std::string_view::npos;
      piece.remove_prefix(line.size());
    }
  }
  /// The end of the content.
  void finish(std::string& out) const { out.append(at_start_ ? ".\r\n" : "\r\n.\r\n"); }

private:
  bool at_start_ = true;
};

}  // namespace waybill::email
