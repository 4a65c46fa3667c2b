// SPDX-License-Identifier: Apache-2.0
#include "azure_answers.hpp"

#include <charconv>

#include <curl/curl.h>
#include <pugixml.hpp>

#include "s3_answers.hpp"

namespace waybill::storage {
namespace {

[[nodiscard]] bool load(pugi::xml_document& document, std::string_view body) {
  // Azure puts a mark of byte order before some of its answers.
  if (body.substr(0, 3) == "\xef\xbb\xbf") body.remove_prefix(3);
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

/// A name that XML could not hold comes percent-encoded.
[[nodiscard]] std::string name_of(const pugi::xml_node& blob) {
  const auto name = blob.child("Name");
  const std::string text = name.text().get();
  return std::string_view{name.attribute("Encoded").value()} == "true" ? uri_decode(text) : text;
}

[[nodiscard]] std::optional<stored_object> object_of(const pugi::xml_node& blob, const std::string& owner_name) {
  const auto properties = blob.child("Properties");
  const auto size = number_of(properties, "Content-Length");
  const auto modified = curl_getdate(properties.child("Last-Modified").text().get(), nullptr);
  stored_object out;
  out.key = name_of(blob);
  if (out.key.empty() || !size || modified < 0) return std::nullopt;
  out.size = *size;
  out.modified_ms = static_cast<std::int64_t>(modified) * 1'000;
  out.version = text_of(properties, "Etag");
  // The listing gives it bare, other answers in quotes.
  if (!out.version.empty() && out.version.front() != '"') out.version = "\"" + out.version + "\"";
  out.owner = text_of(blob.child("Metadata"), owner_name.c_str());
  return out;
}

}  // namespace

service_error read_azure_error(std::string_view body) {
  pugi::xml_document document;
  if (!load(document, body)) return {};
  const auto error = document.child("Error");
  const auto message = text_of(error, "Message");
  return {clean_code(text_of(error, "Code")), clean_text(message.substr(0, message.find('\n')))};
}

std::optional<std::vector<uploaded_block>> read_uncommitted_blocks(std::string_view body) {
  pugi::xml_document document;
  if (!load(document, body)) return std::nullopt;
  const auto root = document.child("BlockList");
  if (!root) return std::nullopt;
  std::vector<uploaded_block> out;
  for (const auto& one : root.child("UncommittedBlocks").children("Block")) {
    const auto size = number_of(one, "Size");
    if (!size) return std::nullopt;
    out.push_back({text_of(one, "Name"), *size});
  }
  return out;
}

std::optional<listing> read_blobs(std::string_view body, const std::string& owner_name) {
  pugi::xml_document document;
  if (!load(document, body)) return std::nullopt;
  const auto root = document.child("EnumerationResults");
  if (!root) return std::nullopt;
  listing out;
  for (const auto& blob : root.child("Blobs").children("Blob"))
    if (auto object = object_of(blob, owner_name)) out.objects.push_back(std::move(*object));
  out.next = text_of(root, "NextMarker");
  return out;
}

}  // namespace waybill::storage
