// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace waybill::email {

/// One reply of an SMTP server (RFC 5321 section 4.2). Its texts hold no control characters.
struct smtp_reply {
  std::int32_t code = 0;
  std::string enhanced;            ///< RFC 3463, "5.1.1"; empty if it came without
  std::vector<std::string> lines;  ///< without code and enhanced code

  /// All lines, with spaces between.
  [[nodiscard]] std::string text() const;
  [[nodiscard]] bool positive() const { return code >= 200 && code < 300; }
  [[nodiscard]] bool transient() const { return code >= 400 && code < 500; }
};

/// Takes replies out of a stream of bytes. A peer's bytes: lines and replies are bounded, anything else ends it.
class smtp_reply_reader {
public:
  enum class state : std::uint8_t { more = 1, complete, invalid };
  void feed(std::string_view bytes) { pending_.append(bytes); }
  /// The next reply, if all of it has come. After invalid nothing more is read.
  [[nodiscard]] state next(smtp_reply& into);
  /// Bytes that have come and belong to no reply yet.
  [[nodiscard]] bool empty() const { return pending_.empty() && reply_.lines.empty(); }

private:
  [[nodiscard]] state take_line(std::string_view line);

  std::string pending_;
  smtp_reply reply_;
  std::size_t bytes_ = 0;
  bool invalid_ = false;
};

/// What a server says it can do, from its answer to EHLO.
struct smtp_extensions {
  bool starttls = false;
  bool pipelining = false;
  bool size = false;
  std::uint64_t max_size = 0;           ///< 0: none told
  std::vector<std::string> mechanisms;  ///< of AUTH, in upper case

  [[nodiscard]] bool offers(std::string_view mechanism) const;
};
[[nodiscard]] smtp_extensions parse_extensions(const smtp_reply& ehlo);

}  // namespace waybill::email
