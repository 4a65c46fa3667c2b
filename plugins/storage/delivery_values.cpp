// SPDX-License-Identifier: Apache-2.0
#include "delivery_values.hpp"

#include <array>
#include <utility>

#include <waybill/transfer/hashing.hpp>
#include <waybill/transfer/header_list.hpp>

#include "times.hpp"

namespace waybill::storage {
namespace {

using nlohmann::json;

constexpr std::array<std::pair<std::string_view, const char*>, 9> time_formats{{{"year", "%Y"},
                                                                                {"month", "%m"},
                                                                                {"day", "%d"},
                                                                                {"hour", "%H"},
                                                                                {"minute", "%M"},
                                                                                {"second", "%S"},
                                                                                {"date", "%Y-%m-%d"},
                                                                                {"time", "%H%M%S"},
                                                                                {"timestamp", "%Y%m%dT%H%M%SZ"}}};

constexpr std::array<std::pair<std::string_view, std::string_view>, 14> extensions{
    {{"application/json", "json"},
     {"application/x-ndjson", "ndjson"},
     {"application/pdf", "pdf"},
     {"application/xml", "xml"},
     {"text/xml", "xml"},
     {"text/csv", "csv"},
     {"text/plain", "txt"},
     {"text/html", "html"},
     {"application/zip", "zip"},
     {"application/gzip", "gz"},
     {"application/vnd.apache.parquet", "parquet"},
     {"image/png", "png"},
     {"image/jpeg", "jpg"},
     {"application/octet-stream", "bin"}}};

[[nodiscard]] std::optional<std::string> time_value(std::string_view name, std::int64_t unix_ms) {
  for (const auto& [own, format] : time_formats)
    if (own == name) return format_utc(unix_ms, format);
  return std::nullopt;
}

[[nodiscard]] std::string_view base_of(std::string_view filename) {
  const auto dot = filename.rfind('.');
  return dot == std::string_view::npos || dot == 0 ? filename : filename.substr(0, dot);
}

}  // namespace

std::string extension_of(std::string_view filename, std::string_view content_type) {
  const auto base = base_of(filename);
  if (base.size() + 1 < filename.size()) return std::string{filename.substr(base.size() + 1)};
  auto type = content_type.substr(0, content_type.find(';'));
  while (!type.empty() && type.back() == ' ') type.remove_suffix(1);
  for (const auto& [own, extension] : extensions)
    if (transfer::equal_ignoring_case(own, type)) return std::string{extension};
  if (type.size() > 5 && transfer::equal_ignoring_case(type.substr(type.size() - 5), "+json")) return "json";
  if (type.size() > 4 && transfer::equal_ignoring_case(type.substr(type.size() - 4), "+xml")) return "xml";
  return "bin";
}

std::optional<std::string> delivery_values::value(std::string_view name) const {
  const auto text = [](std::string_view from) { return std::optional{std::string{from}}; };
  if (name == "organizationId") return text(what_.organization_id());
  if (name == "destinationId") return text(what_.destination_id());
  if (name == "deliveryId") return text(what_.delivery_id());
  if (name == "taskId") return text(what_.task_id());
  if (name == "idempotencyKey") return text(what_.idempotency_key());
  if (name == "correlationId") return text(what_.correlation_id());
  if (name == "payloadType") return text(what_.payload_type());
  if (name == "filename") return text(what_.filename());
  if (name == "basename") return text(base_of(what_.filename()));
  if (name == "extension") return extension_of(what_.filename(), what_.content_type());
  if (name == "sha256") return transfer::to_hex({reinterpret_cast<const char*>(what_.sha256()), 32});
  if (name.rfind("metadata.", 0) == 0) return metadata(name.substr(9));
  return time_value(name, what_.created_at_ms());
}

std::optional<std::string> delivery_values::metadata(std::string_view name) const {
  if (!metadata_) {
    const auto from = what_.metadata();
    metadata_ = json::parse(from.begin(), from.end(), nullptr, false);
  }
  if (!metadata_->is_object()) return std::nullopt;
  const auto found = metadata_->find(std::string{name});
  if (found == metadata_->end() || found->is_null() || found->is_structured()) return std::nullopt;
  return found->is_string() ? found->get<std::string>() : found->dump();
}

std::optional<std::string> batch_values::value(std::string_view name) const {
  if (name == "organizationId") return organization_id;
  if (name == "destinationId") return destination_id;
  if (name == "batchId") return batch_id;
  if (name == "count") return std::to_string(count);
  return time_value(name, created_at_ms);
}

std::optional<std::string> destination_values::value(std::string_view name) const {
  if (name == "organizationId") return organization_id;
  if (name == "destinationId") return destination_id;
  return std::nullopt;
}

}  // namespace waybill::storage
