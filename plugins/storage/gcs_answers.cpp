// SPDX-License-Identifier: Apache-2.0
#include "gcs_answers.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

#include <nlohmann/json.hpp>

#include "times.hpp"

namespace waybill::storage {
namespace {

using nlohmann::json;

[[nodiscard]] json parse(std::string_view body) { return json::parse(body.begin(), body.end(), nullptr, false); }

[[nodiscard]] std::string text_of(const json& from, std::string_view name) {
  if (!from.is_object()) return {};
  const auto found = from.find(name);
  return found != from.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

[[nodiscard]] std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t out = 0;
  const auto end = text.data() + text.size();
  if (text.empty() || std::from_chars(text.data(), end, out).ptr != end) return std::nullopt;
  return out;
}

/// Numbers of 64 bits come as texts.
[[nodiscard]] std::optional<gcs_object> object_of(const json& resource) {
  gcs_object out;
  const auto size = number_of(text_of(resource, "size"));
  const auto modified = parse_iso8601(text_of(resource, "updated"));
  out.object.key = text_of(resource, "name");
  out.object.version = text_of(resource, "generation");
  if (out.object.key.empty() || !size || !modified) return std::nullopt;
  const bool digits = out.object.version.find_first_not_of("0123456789") == std::string::npos;
  if (!digits || out.object.version.size() > 20) return std::nullopt;
  out.object.size = *size;
  out.object.modified_ms = *modified;
  const auto metadata = resource.find("metadata");
  out.object.owner = metadata == resource.end() ? std::string{} : text_of(*metadata, owner_mark);
  out.md5 = text_of(resource, "md5Hash");
  return out;
}

}  // namespace

service_error read_gcs_error(std::string_view body) {
  const auto document = parse(body);
  if (!document.is_object()) return {};
  const auto error = document.find("error");
  if (error == document.end() || !error->is_object()) return {};
  service_error out{{}, clean_text(text_of(*error, "message"))};
  const auto errors = error->find("errors");
  if (errors != error->end() && errors->is_array() && !errors->empty()) out.code = clean_code(text_of((*errors)[0], "reason"));
  if (out.code.empty()) out.code = clean_code(text_of(*error, "status"));
  return out;
}

std::optional<gcs_object> read_gcs_object(std::string_view body) {
  const auto document = parse(body);
  return document.is_object() ? object_of(document) : std::nullopt;
}

std::optional<listing> read_gcs_objects(std::string_view body) {
  const auto document = parse(body);
  if (!document.is_object()) return std::nullopt;
  listing out;
  const auto items = document.find("items");
  if (items != document.end()) {
    if (!items->is_array()) return std::nullopt;
    for (const auto& one : *items)
      if (auto object = one.is_object() ? object_of(one) : std::nullopt) out.objects.push_back(std::move(object->object));
  }
  out.next = text_of(document, "nextPageToken");
  return out;
}

std::optional<std::uint64_t> read_gcs_range(std::string_view header) {
  constexpr std::string_view start = "bytes=0-";
  if (header.empty()) return 0;
  if (header.substr(0, start.size()) != start) return std::nullopt;
  const auto last = number_of(header.substr(start.size()));
  if (!last || *last == std::numeric_limits<std::uint64_t>::max()) return std::nullopt;
  return *last + 1;
}

}  // namespace waybill::storage
