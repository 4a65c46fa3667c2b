// SPDX-License-Identifier: Apache-2.0
#include "cli/delivery_body.hpp"

#include <array>
#include <cstdint>

#include "cli/json_edit.hpp"
#include "cli/terminal.hpp"
#include "core/model/time.hpp"

#include <openssl/sha.h>

namespace waybill::cli {
namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

/// As a JSON string; nothing if it is not UTF-8.
bool quote(const std::string& text, std::string& quoted) {
  try {
    quoted = json(text).dump(-1, ' ', false, json::error_handler_t::strict);
    return true;
  } catch (const json::exception&) {
    return false;
  }
}

std::string why_not_json(const std::string& content) {
  try {
    const auto parsed = json::parse(content);
    return parsed.is_null() ? "it is empty" : "it does not parse";  // not reached: the caller found it is not JSON
  } catch (const json::exception& problem) {
    const std::string text = problem.what();  // "[json.exception.parse_error.101] parse error at line 1, column 1: ..."
    const auto end = text.find("] ");
    return printable(end == std::string::npos ? text : text.substr(end + 2));
  }
}

outcome<std::string> delivery_members(const delivery_options& options) {
  auto members = json::object();
  if (options.priority >= 0) members["priority"] = options.priority;
  if (!options.correlation_id.empty()) members["correlationId"] = options.correlation_id;
  if (!options.tags.empty()) members["tags"] = options.tags;
  if (!options.scheduled_at.empty()) {
    if (!core::parse_rfc3339(options.scheduled_at))
      return fail(exit_code::usage, "--at: expected a time like 2026-01-31T09:15:00Z, got '" + options.scheduled_at + "'");
    members["scheduledAt"] = options.scheduled_at;
  }
  return members.empty() ? std::string{} : ",\"options\":" + members.dump();
}

}  // namespace

outcome<delivery_body> delivery_body::make(const delivery_options& options) {
  delivery_body body;
  body.kind_ = options.kind;
  const auto metadata = object_of_strings(options.metadata, "--metadata");
  if (!metadata) return tl::unexpected<failure>(metadata.error());
  auto members = delivery_members(options);
  if (!members) return tl::unexpected<failure>(members.error());
  body.options_ = std::move(*members);
  try {
    // Without a destination the organization's default applies.
    const auto destinations =
        options.destinations.empty() ? std::string{} : "\"destinations\":" + json(options.destinations).dump() + ',';
    body.before_ = '{' + destinations + R"("payload":{"type":)" + json(options.payload_type).dump();
    if (!options.content_type.empty()) body.payload_rest_ += ",\"contentType\":" + json(options.content_type).dump();
    if (!metadata->empty()) body.payload_rest_ += ",\"metadata\":" + metadata->dump();
  } catch (const json::exception&) {
    return fail(exit_code::usage, "an option is not valid UTF-8");
  }
  return body;
}

outcome<std::string> delivery_body::around(std::string content, const std::string& name, const std::string& filename) const {
  if (content.compare(0, byte_order_mark.size(), byte_order_mark) == 0) content.erase(0, byte_order_mark.size());
  if (kind_ == content_kind::quoted_text) {
    std::string quoted;
    if (!quote(content, quoted)) return fail(exit_code::failed, name + ": not valid UTF-8, so it cannot go as text");
    content = std::move(quoted);
  } else if (!json::accept(content)) {
    // It would break out of payload.data, so this is not left to the node to find.
    return fail(exit_code::failed, name + ": not JSON (" + why_not_json(content) +
                                       ")\n  --as-text sends the file as one JSON string, --upload as the bytes it has");
  }
  return with_member(",\"data\":" + content, name, filename);
}

outcome<std::string> delivery_body::around_payload(const std::string& payload_id, const std::string& name,
                                                   const std::string& filename) const {
  return with_member(",\"payloadId\":" + json(payload_id).dump(), name, filename);
}

outcome<std::string> delivery_body::with_member(const std::string& member, const std::string& name,
                                                const std::string& filename) const {
  std::string quoted_name;
  if (!filename.empty() && !quote(filename, quoted_name))
    return fail(exit_code::failed, name + ": its name is not valid UTF-8");
  std::string body = before_ + member;
  if (!quoted_name.empty()) body += ",\"filename\":" + quoted_name;
  return body + payload_rest_ + '}' + options_ + '}';
}

std::string key_of_content(const std::string& name, const std::string& body) {
  const auto text = name + '\0' + body;
  std::array<std::uint8_t, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const std::uint8_t*>(text.data()), text.size(), digest.data());
  static constexpr char digits[] = "0123456789abcdef";
  std::string key = "cli-";
  for (const auto byte : digest) key.append({digits[byte >> 4], digits[byte & 15]});
  return key;
}

}  // namespace waybill::cli
