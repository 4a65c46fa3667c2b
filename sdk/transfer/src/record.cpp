// SPDX-License-Identifier: Apache-2.0
#include <waybill/transfer/record.hpp>

#include <algorithm>
#include <array>
#include <charconv>

#include <waybill/transfer/json_text.hpp>

namespace waybill::transfer {
namespace {

constexpr std::size_t shortest_secret = 4;
// What a record needs besides its headers and its body: names, numbers, brackets.
constexpr std::size_t frame_bytes = 256;
// Of all headers together, so that there is always room for the body.
constexpr std::size_t max_headers_bytes = 16'384;

void append_number(std::string& out, std::uint64_t number) {
  std::array<char, 20> text{};
  out.append(text.data(), std::to_chars(text.data(), text.data() + text.size(), number).ptr);
}

void append_member(std::string& out, std::string_view name, std::string_view value, bool hidden) {
  if (out.back() != '{') out.push_back(',');
  append_json_string(out, name);
  out.push_back(':');
  append_json_string(out, hidden ? redacted : value);
}

void append_headers(std::string& out, const header_list& headers, std::size_t start) {
  headers.each([&](std::string_view name, std::string_view value, secrecy marked) {
    if (out.size() - start + name.size() + value.size() < max_headers_bytes)
      append_member(out, name, value, marked == secrecy::secret || is_credential_header(name));
  });
}

/// The raw header block of an answer, its status line aside, as members.
void append_raw_headers(std::string& out, std::string_view block, const redactor& secrets, std::string_view further_secret) {
  const auto start = out.size();
  std::string clean;
  while (!block.empty()) {
    const auto end = block.find('\n');
    auto line = block.substr(0, end);
    block = end == std::string_view::npos ? std::string_view{} : block.substr(end + 1);
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0) continue;
    const auto name = line.substr(0, colon);
    auto value = line.substr(colon + 1);
    while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
    while (!value.empty() && (value.back() == '\r' || value.back() == ' ')) value.remove_suffix(1);
    if (out.size() - start + 6 * (name.size() + value.size()) > max_headers_bytes) break;
    if (secrets.scrub(value, clean, further_secret)) value = clean;
    append_member(out, name, value, is_credential_header(name));
  }
}

void append_body(std::string& out, std::string_view body, bool truncated) {
  const auto room = max_record_bytes - std::min(max_record_bytes, out.size() + frame_bytes);
  // A character cut at the end by the cap must not make the whole binary.
  const auto text = is_utf8(body) || (truncated && body.size() > 3 && is_utf8(body.substr(0, body.size() - 3)));
  if (text) {
    out.append(",\"body\":");
    truncated = !append_json_string(out, body, room) || truncated;
  } else {
    const auto fits = std::min(body.size(), room / 4 * 3);
    out.append(",\"bodyBase64\":\"");
    append_base64(out, body.substr(0, fits));
    out.push_back('"');
    truncated = truncated || fits < body.size();
  }
  if (truncated) out.append(",\"bodyTruncated\":true");
}

}  // namespace

void redactor::add(std::string_view secret) {
  if (secret.size() >= shortest_secret) secrets_.emplace_back(secret);
}

bool redactor::scrub(std::string_view text, std::string& clean, std::string_view further_secret) const {
  bool found = false;
  const auto remove = [&](std::string_view secret) {
    if (secret.size() < shortest_secret) return;
    auto at = (found ? std::string_view{clean} : text).find(secret);
    if (at == std::string_view::npos) return;
    if (!found) clean.assign(text);
    found = true;
    for (; at != std::string::npos; at = clean.find(secret, at + redacted.size())) clean.replace(at, secret.size(), redacted);
  };
  for (const auto& secret : secrets_) remove(secret);
  remove(further_secret);
  return found;
}

std::string request_record(const exchange& what, const redactor& secrets, std::string_view further) {
  std::string out;
  out.reserve(1'024);
  const auto& fixed = what.to().options();
  std::string clean;
  std::string_view url = what.url.empty() ? fixed.url : what.url;
  if (secrets.scrub(url, clean)) url = clean;
  out.append("{\"method\":");
  append_json_string(out, what.method.empty() ? fixed.method : what.method);
  out.append(",\"url\":");
  append_json_string(out, url, 8'192);
  out.append(",\"headers\":{");
  const auto start = out.size();
  append_headers(out, what.headers, start);
  append_headers(out, fixed.headers, start);
  out.push_back('}');
  const auto size = what.body.source ? what.body.source->size() : std::optional<std::uint64_t>{what.body.bytes().size()};
  if (size) {
    out.append(",\"bodyBytes\":");
    append_number(out, *size);
  }
  out.append(further);
  out.push_back('}');
  return out;
}

std::string response_record(const outcome& what, const redactor& secrets, std::string_view further_secret) {
  if (what.status == 0) return {};
  std::string out;
  out.reserve(512 + what.body.size());
  out.append("{\"status\":");
  append_number(out, static_cast<std::uint64_t>(what.status));
  out.append(",\"headers\":{");
  append_raw_headers(out, what.headers, secrets, further_secret);
  out.push_back('}');
  std::string clean;
  const bool dirty = secrets.scrub(what.body, clean, further_secret);
  if (!what.body.empty()) append_body(out, dirty ? std::string_view{clean} : what.body, what.body_truncated);
  out.push_back('}');
  return out;
}

}  // namespace waybill::transfer
