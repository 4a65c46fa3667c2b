// SPDX-License-Identifier: Apache-2.0
#include "s3_answers.hpp"

#include <charconv>

#include <nlohmann/json.hpp>
#include <pugixml.hpp>

#include "times.hpp"

namespace waybill::storage {
namespace {

[[nodiscard]] bool load(pugi::xml_document& document, std::string_view body) {
  return static_cast<bool>(document.load_buffer(body.data(), body.size(), pugi::parse_default, pugi::encoding_utf8));
}

[[nodiscard]] std::string text_of(const pugi::xml_node& from, const char* child) { return from.child(child).text().get(); }

[[nodiscard]] std::optional<std::uint64_t> number_of(const pugi::xml_node& from, const char* child) {
  const std::string_view text = from.child(child).text().get();
  std::uint64_t out = 0;
  const auto end = text.data() + text.size();
  if (text.empty() || std::from_chars(text.data(), end, out).ptr != end) return std::nullopt;
  return out;
}

[[nodiscard]] bool is_true(const pugi::xml_node& from, const char* child) { return text_of(from, child) == "true"; }

// A header must be able to carry them.
[[nodiscard]] bool usable(const temporary_credentials& found) {
  const auto& key = found.key;
  return !key.access_key_id.empty() && !key.secret_access_key.empty() && transfer::is_header_value(key.access_key_id) &&
         transfer::is_header_value(key.session_token);
}

/// encoding-type=url is that of forms: "+" is a space, a real one is %2B.
[[nodiscard]] std::string form_decode(std::string text) {
  for (auto& c : text)
    if (c == '+') c = ' ';
  return uri_decode(text);
}

[[nodiscard]] int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::string uri_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool coded = text[i] == '%' && i + 2 < text.size() && digit(text[i + 1]) >= 0 && digit(text[i + 2]) >= 0;
    out += coded ? static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2])) : text[i];
    if (coded) i += 2;
  }
  return out;
}

service_error read_s3_error(std::string_view body) {
  pugi::xml_document document;
  if (!load(document, body)) return {};
  const auto root = document.document_element();
  const auto error = std::string_view{root.name()} == "Error" ? root : root.child("Error");
  return {clean_code(text_of(error, "Code")), clean_text(text_of(error, "Message"))};
}

std::string read_upload_id(std::string_view body) {
  pugi::xml_document document;
  if (!load(document, body)) return {};
  auto id = text_of(document.child("InitiateMultipartUploadResult"), "UploadId");
  return id.size() <= 1'024 ? id : std::string{};
}

std::optional<part_listing> read_parts(std::string_view body) {
  pugi::xml_document document;
  if (!load(document, body)) return std::nullopt;
  const auto root = document.child("ListPartsResult");
  if (!root) return std::nullopt;
  part_listing out;
  for (const auto& one : root.children("Part")) {
    const auto number = number_of(one, "PartNumber");
    const auto size = number_of(one, "Size");
    uploaded_part part{0, size.value_or(0), text_of(one, "ETag"), text_of(one, "ChecksumSHA256")};
    if (!number || !size || *number == 0 || *number > 10'000 || part.etag.empty()) return std::nullopt;
    part.number = static_cast<std::uint32_t>(*number);
    out.parts.push_back(std::move(part));
  }
  if (is_true(root, "IsTruncated")) out.next = text_of(root, "NextPartNumberMarker");
  return out;
}

std::optional<listing> read_objects(std::string_view body) {
  pugi::xml_document document;
  if (!load(document, body)) return std::nullopt;
  const auto root = document.child("ListBucketResult");
  if (!root) return std::nullopt;
  const bool coded = text_of(root, "EncodingType") == "url";
  listing out;
  for (const auto& one : root.children("Contents")) {
    stored_object object;
    const auto key = text_of(one, "Key");
    object.key = coded ? form_decode(key) : key;
    const auto modified = parse_iso8601(text_of(one, "LastModified"));
    const auto size = number_of(one, "Size");
    if (object.key.empty() || !modified || !size) continue;
    object.modified_ms = *modified;
    object.size = *size;
    object.version = text_of(one, "ETag");
    out.objects.push_back(std::move(object));
  }
  if (is_true(root, "IsTruncated")) out.next = text_of(root, "NextContinuationToken");
  return out;
}

std::optional<temporary_credentials> read_sts_credentials(std::string_view body) {
  pugi::xml_document document;
  if (!load(document, body)) return std::nullopt;
  const auto root = document.document_element();
  auto result = root.child("AssumeRoleResult");
  if (!result) result = root.child("AssumeRoleWithWebIdentityResult");
  const auto from = result.child("Credentials");
  const auto expires = parse_iso8601(text_of(from, "Expiration"));
  temporary_credentials out{{text_of(from, "AccessKeyId"), text_of(from, "SecretAccessKey"), text_of(from, "SessionToken")},
                            expires.value_or(0)};
  if (!expires || !usable(out)) return std::nullopt;
  return out;
}

std::optional<temporary_credentials> read_metadata_credentials(std::string_view body) {
  const auto document = nlohmann::json::parse(body.begin(), body.end(), nullptr, false);
  if (!document.is_object()) return std::nullopt;
  const auto text = [&](const char* name) {
    const auto found = document.find(name);
    return found != document.end() && found->is_string() ? found->get<std::string>() : std::string{};
  };
  const auto code = text("Code");
  if (!code.empty() && code != "Success") return std::nullopt;
  const auto expires = parse_iso8601(text("Expiration"));
  temporary_credentials out{{text("AccessKeyId"), text("SecretAccessKey"), text("Token")}, expires.value_or(0)};
  if (!expires || !usable(out)) return std::nullopt;
  return out;
}

}  // namespace waybill::storage
