// SPDX-License-Identifier: Apache-2.0
#include "host_keys.hpp"

#include <libssh/libssh.h>

#include <algorithm>
#include <memory>
#include <optional>

namespace waybill::sftp {
namespace {

constexpr std::string_view sha256_prefix = "SHA256:";
constexpr std::size_t sha256_base64 = 43;  // 32 bytes without padding

bool is_base64(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
  });
}

struct entry_free {
  void operator()(ssh_knownhosts_entry* entry) const { ssh_knownhosts_entry_free(entry); }
};
struct text_free {
  void operator()(char* text) const { ssh_string_free_char(text); }
};

std::string_view trimmed(std::string_view line) {
  const auto first = line.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return line.substr(first, line.find_last_not_of(" \t\r") - first + 1);
}

std::string at_line(std::size_t number, std::string_view why) {
  return "line " + std::to_string(number) + " " + std::string{why};
}

enum class marker { none, revoked, other };

marker take_marker(std::string_view& line) {
  if (line.front() != '@') return marker::none;
  const auto end = std::min(line.find_first_of(" \t"), line.size());
  const auto name = line.substr(0, end);
  line = trimmed(line.substr(end));
  return name == "@revoked" ? marker::revoked : marker::other;
}

/// Does a pattern with a ! in front name the host? The library takes any pattern that matches for the whole line's verdict.
bool is_excluded(std::string_view line, const std::string& name) {
  const auto end = line.find_first_of(" \t");
  if (end == std::string_view::npos) return false;
  auto patterns = line.substr(0, end);
  while (!patterns.empty()) {
    const auto one = patterns.substr(0, patterns.find(','));
    patterns.remove_prefix(std::min(one.size() + 1, patterns.size()));
    if (one.size() < 2 || one.front() != '!') continue;
    ssh_knownhosts_entry* raw = nullptr;
    const auto alone = std::string{one.substr(1)} + std::string{line.substr(end)};
    const auto status = ssh_known_hosts_parse_line(name.c_str(), alone.c_str(), &raw);
    const std::unique_ptr<ssh_knownhosts_entry, entry_free> entry{raw};
    if (status == SSH_OK) return true;
  }
  return false;
}

}  // namespace

std::string host_keys::add_fingerprint(std::string_view text) {
  while (!text.empty() && text.back() == '=') text.remove_suffix(1);
  const bool whole = text.size() == sha256_prefix.size() + sha256_base64 && text.substr(0, 7) == sha256_prefix;
  if (!whole || !is_base64(text.substr(sha256_prefix.size())))
    return "is not a SHA-256 fingerprint: SHA256: and 43 characters of base64";
  fingerprints_.emplace_back(text);
  return {};
}

std::string host_keys::add_known_hosts(std::string_view text, const std::string& host, unsigned port) {
  const auto name = port == 22 ? host : "[" + host + "]:" + std::to_string(port);
  std::size_t number = 0;
  bool found = false;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    auto line = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    ++number;
    if (line.empty() || line.front() == '#') continue;
    if (line.find('\0') != std::string_view::npos) return at_line(number, "has a NUL character");
    const auto mark = take_marker(line);
    if (mark == marker::other) return at_line(number, "has a marker that is not supported: only @revoked is");
    ssh_knownhosts_entry* raw = nullptr;
    const auto status = ssh_known_hosts_parse_line(name.c_str(), std::string{line}.c_str(), &raw);
    const std::unique_ptr<ssh_knownhosts_entry, entry_free> entry{raw};
    if (status == SSH_AGAIN || is_excluded(line, name)) continue;  // of another host
    char* base64 = nullptr;
    if (status != SSH_OK || !entry || ssh_pki_export_pubkey_base64(entry->publickey, &base64) != SSH_OK)
      return at_line(number, "is no line of a known_hosts file");
    const std::unique_ptr<char, text_free> key{base64};
    auto& into = mark == marker::revoked ? revoked_ : keys_;
    into.push_back({ssh_key_type_to_char(ssh_key_type(entry->publickey)), key.get()});
    found = found || mark == marker::none;
  }
  return found ? std::string{} : "has no key of " + name;
}

bool host_keys::match(std::string_view key, std::string_view fingerprint) const {
  const auto is_it = [&](const known_key& one) { return one.base64 == key; };
  if (std::any_of(revoked_.begin(), revoked_.end(), is_it)) return false;
  return std::any_of(keys_.begin(), keys_.end(), is_it) ||
         std::find(fingerprints_.begin(), fingerprints_.end(), fingerprint) != fingerprints_.end();
}

std::vector<std::string> host_keys::offers(bool legacy) const {
  // An RSA key signs in three ways (RFC 8332).
  const std::string rsa = legacy ? "rsa-sha2-512,rsa-sha2-256,ssh-rsa" : "rsa-sha2-512,rsa-sha2-256";
  if (!fingerprints_.empty()) return {"", "ssh-ed25519", "ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521", rsa};
  std::string kinds;
  for (const auto& [type, key] : keys_) {
    const auto& names = type == "ssh-rsa" ? rsa : type;
    if (kinds.find(names) == std::string::npos) kinds.append(kinds.empty() ? "" : ",").append(names);
  }
  return {kinds};
}

}  // namespace waybill::sftp
