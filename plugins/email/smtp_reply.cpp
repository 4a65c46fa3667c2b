// SPDX-License-Identifier: Apache-2.0
#include "smtp_reply.hpp"

#include <algorithm>
#include <utility>

namespace waybill::email {
namespace {

// RFC 5321 section 4.5.3.1.5 says 512; challenges of AUTH are longer (RFC 4954 section 4).
constexpr std::size_t longest_line = 12'288;
constexpr std::size_t longest_reply = 65'536;
constexpr std::size_t most_lines = 256;

[[nodiscard]] bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// "5.1.1 " at the start of a text, with the class of the code; its length, 0 if there is none.
[[nodiscard]] std::size_t enhanced_length(std::string_view text, std::int32_t code) {
  if (text.size() < 5 || text[0] != static_cast<char>('0' + code / 100) || text[1] != '.') return 0;
  std::size_t at = 2;
  for (int part = 0; part < 2; ++part) {
    const auto start = at;
    while (at < text.size() && is_digit(text[at])) ++at;
    if (at == start || at - start > 3) return 0;
    if (part == 0 && (at >= text.size() || text[at++] != '.')) return 0;
  }
  return at == text.size() || text[at] == ' ' ? at : 0;
}

[[nodiscard]] std::string upper(std::string_view text) {
  std::string out{text};
  for (auto& c : out)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return out;
}

[[nodiscard]] std::vector<std::string> words_of(std::string_view line) {
  std::vector<std::string> out;
  while (!line.empty()) {
    const auto end = std::min(line.find_first_of(" \t="), line.size());
    if (end > 0) out.push_back(upper(line.substr(0, end)));
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  return out;
}

[[nodiscard]] std::uint64_t number_of(std::string_view text) {
  std::uint64_t out = 0;
  if (text.size() > 18) return 0;
  for (const char c : text) {
    if (!is_digit(c)) return 0;
    out = out * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return out;
}

}  // namespace

std::string smtp_reply::text() const {
  std::string out;
  for (const auto& line : lines) {
    if (!out.empty() && !line.empty()) out.push_back(' ');
    out.append(line);
  }
  return out;
}

smtp_reply_reader::state smtp_reply_reader::next(smtp_reply& into) {
  while (!invalid_) {
    const auto end = pending_.find('\n');
    if (end == std::string::npos) {
      invalid_ = pending_.size() > longest_line;
      if (!invalid_) return state::more;
      break;
    }
    auto line = std::string_view{pending_}.substr(0, end);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    const auto got = take_line(line);
    pending_.erase(0, end + 1);
    if (got == state::invalid) invalid_ = true;
    if (got != state::complete) continue;
    into = std::exchange(reply_, {});
    bytes_ = 0;
    return state::complete;
  }
  return state::invalid;
}

smtp_reply_reader::state smtp_reply_reader::take_line(std::string_view line) {
  const bool shaped = line.size() >= 3 && line[0] >= '2' && line[0] <= '5' && is_digit(line[1]) && is_digit(line[2]) &&
                      (line.size() == 3 || line[3] == ' ' || line[3] == '-');
  bytes_ += line.size();
  if (!shaped || line.size() > longest_line || bytes_ > longest_reply || reply_.lines.size() >= most_lines)
    return state::invalid;
  const auto code = (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
  if (reply_.code != 0 && reply_.code != code) return state::invalid;
  reply_.code = code;
  const bool last = line.size() == 3 || line[3] == ' ';
  line.remove_prefix(std::min<std::size_t>(4, line.size()));
  if (const auto length = enhanced_length(line, code); length > 0) {
    reply_.enhanced = std::string{line.substr(0, length)};
    line.remove_prefix(std::min(length + 1, line.size()));
  }
  std::string text{line};
  for (auto& c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  reply_.lines.push_back(std::move(text));
  return last ? state::complete : state::more;
}

bool smtp_extensions::offers(std::string_view mechanism) const {
  return std::find(mechanisms.begin(), mechanisms.end(), mechanism) != mechanisms.end();
}

smtp_extensions parse_extensions(const smtp_reply& ehlo) {
  smtp_extensions out;
  for (std::size_t i = 1; i < ehlo.lines.size(); ++i) {  // the first line is the server's greeting
    const auto words = words_of(ehlo.lines[i]);
    if (words.empty()) continue;
    if (words[0] == "STARTTLS") out.starttls = true;
    if (words[0] == "PIPELINING") out.pipelining = true;
    if (words[0] == "SIZE") {
      out.size = true;
      if (words.size() > 1) out.max_size = number_of(words[1]);
    }
    if (words[0] != "AUTH") continue;
    for (std::size_t w = 1; w < words.size(); ++w)
      if (!out.offers(words[w])) out.mechanisms.push_back(words[w]);
  }
  return out;
}

}  // namespace waybill::email
