// SPDX-License-Identifier: Apache-2.0
#include "address.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include <arpa/inet.h>
#include <idn2.h>

#include <waybill/transfer/json_text.hpp>

namespace waybill::email {
namespace {

// RFC 5321 section 4.5.3.1.
constexpr std::size_t longest_local = 64;
constexpr std::size_t longest_domain = 255;
constexpr std::size_t longest_label = 63;
// A header line must not grow without bound; no client shows more.
constexpr std::size_t longest_name = 200;

[[nodiscard]] bool is_alnum(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }
[[nodiscard]] bool is_atext(char c) {
  return is_alnum(c) || std::string_view{"!#$%&'*+-/=?^_`{|}~"}.find(c) != std::string_view::npos;
}
[[nodiscard]] bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

[[nodiscard]] std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

[[nodiscard]] bool is_dot_atom(std::string_view text) {
  if (text.empty() || text.front() == '.' || text.back() == '.' || text.find("..") != std::string_view::npos) return false;
  return std::all_of(text.begin(), text.end(), [](char c) { return c == '.' || is_atext(c); });
}

[[nodiscard]] bool is_label(std::string_view label) {
  if (label.empty() || label.size() > longest_label || label.front() == '-' || label.back() == '-') return false;
  return std::all_of(label.begin(), label.end(), [](char c) { return c == '-' || c == '_' || is_alnum(c); });
}

[[nodiscard]] bool is_ascii_domain(std::string_view domain) {
  if (domain.empty() || domain.size() > longest_domain) return false;
  for (;;) {
    const auto dot = domain.find('.');
    if (!is_label(domain.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    domain.remove_prefix(dot + 1);
  }
}

/// RFC 5321 section 4.1.3: [192.0.2.1] or [IPv6:2001:db8::1].
[[nodiscard]] bool is_literal(std::string_view domain) {
  if (domain.size() < 3 || domain.front() != '[' || domain.back() != ']') return false;
  const std::string inner{domain.substr(1, domain.size() - 2)};
  unsigned char room[16];
  if (inner.compare(0, 5, "IPv6:") == 0) return inet_pton(AF_INET6, inner.c_str() + 5, room) == 1;
  return inner.size() < 16 && inet_pton(AF_INET, inner.c_str(), room) == 1;
}

/// RFC 5891 and UTS 46. Not by libcurl, whose 7.88 reads names in the process's locale.
[[nodiscard]] std::string to_a_labels(const std::string& domain) {
  std::uint8_t* found = nullptr;
  std::string out;
  if (idn2_lookup_u8(reinterpret_cast<const std::uint8_t*>(domain.c_str()), &found, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) ==
      IDN2_OK)
    out = reinterpret_cast<const char*>(found);
  idn2_free(found);
  return is_ascii_domain(out) ? out : std::string{};
}

/// Reads one mailbox after another from a text.
class mailbox_reader {
public:
  explicit mailbox_reader(std::string_view text) : rest_(text) {}

  [[nodiscard]] bool at_end() {
    rest_ = trimmed(rest_);
    return rest_.empty();
  }
  /// Up to the next comma outside of quotes and brackets; empty on success, else the fault.
  [[nodiscard]] std::string next(address& into) {
    const auto whole = rest_;
    std::string name;
    bool quoted = false;
    if (rest_.front() == '"') {
      quoted = true;
      if (!take_quoted(name)) return "a quoted name is not closed";
    }
    const auto end = std::min(rest_.find(','), rest_.size());
    const auto open = rest_.find('<');
    std::string fault;
    if (open < end) {
      if (!quoted) name = std::string{trimmed(rest_.substr(0, open))};
      if (quoted && !trimmed(rest_.substr(0, open)).empty()) return "there is text between a quoted name and its address";
      fault = take_bracketed(open, into);
    } else {
      if (quoted) return "a quoted name has no address in angle brackets";
      fault = read_spec(trimmed(whole.substr(0, end)), into);
      rest_ = rest_.substr(end);
    }
    if (!fault.empty()) return fault;
    if (name.find_first_of("<>") != std::string::npos && !quoted) return "a name with brackets must be quoted";
    if (name.size() > longest_name) return "a name is longer than 200 bytes";
    into.name = std::move(name);
    return take_comma();
  }

private:
  [[nodiscard]] bool take_quoted(std::string& name) {
    std::size_t at = 1;
    for (; at < rest_.size() && rest_[at] != '"'; ++at) {
      if (rest_[at] == '\\' && at + 1 < rest_.size()) ++at;
      name.push_back(rest_[at]);
    }
    if (at >= rest_.size()) return false;
    rest_ = trimmed(rest_.substr(at + 1));
    return true;
  }
  [[nodiscard]] std::string take_bracketed(std::size_t open, address& into) {
    const auto close = rest_.find('>', open);
    if (close == std::string_view::npos) return "an angle bracket is not closed";
    const auto spec = rest_.substr(open + 1, close - open - 1);
    rest_ = rest_.substr(close + 1);
    return read_spec(spec, into);
  }
  [[nodiscard]] static std::string read_spec(std::string_view spec, address& into) {
    const auto at = spec.rfind('@');
    if (at == std::string_view::npos) return "an address has no @";
    const auto local = spec.substr(0, at);
    if (!is_dot_atom(local)) return "the part before the @ must consist of letters, digits, dots and !#$%&'*+-/=?^_`{|}~";
    if (local.size() > longest_local) return "the part before the @ is longer than 64 characters";
    into.domain = ascii_domain(spec.substr(at + 1));
    if (into.domain.empty()) return "the part after the @ is not a domain name";
    into.local = std::string{local};
    return {};
  }
  [[nodiscard]] std::string take_comma() {
    rest_ = trimmed(rest_);
    if (rest_.empty()) return {};
    if (rest_.front() != ',') return "there is text after an address";
    rest_.remove_prefix(1);
    return at_end() ? "an address is missing after a comma" : std::string{};
  }

  std::string_view rest_;
};

}  // namespace

std::string ascii_domain(std::string_view domain) {
  if (is_ascii_domain(domain) || is_literal(domain)) return std::string{domain};
  const bool plain = std::all_of(domain.begin(), domain.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  // What is ASCII and no domain does not become one, nor does what would hold a separator.
  if (plain || domain.size() > longest_domain || domain.find_first_of("/?#@:%[]\\ ") != std::string_view::npos) return {};
  return to_a_labels(std::string{domain});
}

parsed_addresses parse_addresses(std::string_view text) {
  parsed_addresses out;
  if (std::any_of(text.begin(), text.end(), [](char c) { return is_control(c) && c != '\t'; }))
    out.fault = "must not contain line breaks or other control characters";
  else if (!transfer::is_utf8(text))
    out.fault = "is not UTF-8";
  mailbox_reader from{text};
  while (out.fault.empty() && !from.at_end()) out.fault = from.next(out.list.emplace_back());
  if (!out.fault.empty()) out.list.clear();
  return out;
}

}  // namespace waybill::email
