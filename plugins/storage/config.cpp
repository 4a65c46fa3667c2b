// SPDX-License-Identifier: Apache-2.0
#include "config.hpp"

#include <algorithm>
#include <array>

#include <nlohmann/json.hpp>

#include "config_reader.hpp"

namespace waybill::storage {
namespace {

using nlohmann::json;

constexpr std::string_view default_path = "{organizationId}/{year}/{month}";
constexpr std::string_view default_file_name = "{deliveryId}.{extension}";
constexpr std::string_view default_batch_file_name = "{batchId}.ndjson";
constexpr std::size_t longest_template = 1'024;
constexpr std::size_t most_metadata = 20;
constexpr std::size_t most_tags = 10;  // of S3 and Azure
constexpr std::size_t longest_tag_name = 128;
constexpr std::int64_t most_days = 36'500;

using provider_reader = provider_settings (*)(const config_reader& from);
constexpr std::array<std::pair<std::string_view, provider_reader>, 4> providers{
    {{"s3", [](const config_reader& from) -> provider_settings { return read_s3(from); }},
     {"azure", [](const config_reader& from) -> provider_settings { return read_azure(from); }},
     {"gcs", [](const config_reader& from) -> provider_settings { return read_gcs(from); }},
     {"local", [](const config_reader& from) -> provider_settings { return read_local(from); }}}};

void read_provider(const config_reader& from, config& into) {
  std::string name;
  from.required("provider", name);
  const auto own = from.object("config");
  if (!own) {
    if (from.find("config") == nullptr) from.fault("config", "required", "is required");
    return;
  }
  if (name.empty()) return;
  for (const auto& [word, read] : providers)
    if (word == name) {
      into.provider = read(*own);
      return;
    }
  from.fault("provider", "enum", "is not one of the known providers");
}

[[nodiscard]] std::string without_outer_slashes(std::string_view text) {
  while (!text.empty() && text.front() == '/') text.remove_prefix(1);
  while (!text.empty() && text.back() == '/') text.remove_suffix(1);
  return std::string{text};
}

[[nodiscard]] text_template read_template(const config_reader& from, const char* name, const std::string& text,
                                          template_scope scope) {
  std::string why;
  if (text.size() > longest_template) why = "is longer than 1,024 bytes";
  auto out = why.empty() ? text_template::parse(text, scope, why) : std::nullopt;
  if (!out) from.fault(name, "template", why);
  return out.value_or(text_template{});
}

/// The folders of `path` that a batch has too: up to the first that names something of a single delivery.
[[nodiscard]] std::string path_for_batches(std::string_view path) {
  std::string out;
  std::string why;
  while (!path.empty()) {
    const auto segment = path.substr(0, path.find('/'));
    if (!text_template::parse(segment, template_scope::batch, why)) break;
    if (!out.empty()) out += '/';
    out += segment;
    path.remove_prefix(std::min(segment.size() + 1, path.size()));
  }
  return out;
}

[[nodiscard]] std::string joined(const std::string& path, const std::string& name) {
  return path.empty() ? name : path + "/" + name;
}

void check_file_name(const config_reader& from, const char* name, const std::string& text) {
  if (text.empty() || text.find('/') != std::string::npos) from.fault(name, "name", "must be a name without slashes");
}

void read_paths(const config_reader& from, config& into) {
  std::string path{default_path};
  std::string name{default_file_name};
  std::string batch_name{default_batch_file_name};
  from.text("path", path);
  from.text("fileName", name);
  from.text("batchFileName", batch_name);
  path = without_outer_slashes(path);
  std::string batch_path = path_for_batches(path);
  from.text("batchPath", batch_path);
  batch_path = without_outer_slashes(batch_path);
  check_file_name(from, "fileName", name);
  check_file_name(from, "batchFileName", batch_name);
  // Apart, so that each fault is named where it stands; joined, since a key is rendered as a whole.
  static_cast<void>(read_template(from, "path", path, template_scope::object));
  static_cast<void>(read_template(from, "batchPath", batch_path, template_scope::batch));
  const auto own = read_template(from, "fileName", name, template_scope::object);
  const auto batch = read_template(from, "batchFileName", batch_name, template_scope::batch);
  const bool tells_apart = own.names("deliveryId") || own.names("taskId") || own.names("idempotencyKey") ||
                           own.names("sha256") || own.names("filename") || own.names("basename") || own.names("correlationId");
  if (!own.empty() && !tells_apart && path.find("{deliveryId") == std::string::npos &&
      path.find("{taskId") == std::string::npos)
    from.fault("fileName", "unique", "names nothing that tells one delivery from another: they would replace each other");
  if (!batch.empty() && !batch.names("batchId") && batch_path.find("{batchId") == std::string::npos)
    from.fault("batchFileName", "unique", "does not name {batchId}: batches would replace each other");
  std::string why;
  into.key = text_template::parse(joined(path, name), template_scope::object, why).value_or(text_template{});
  into.batch_key = text_template::parse(joined(batch_path, batch_name), template_scope::batch, why).value_or(text_template{});
  // Azure takes them for steps in the path of its URL, as a file system does.
  if (!std::holds_alternative<local_settings>(into.provider) && !std::holds_alternative<azure_settings>(into.provider)) return;
  for (const auto* dots : {".", ".."}) {
    if (into.key.has_own_segment(dots)) from.fault("path", "escape", "must not hold the folder . or ..");
    if (from.find("batchPath") != nullptr && into.batch_key.has_own_segment(dots))
      from.fault("batchPath", "escape", "must not hold the folder . or ..");
  }
}

[[nodiscard]] bool is_metadata_name(const std::string& name) {
  const bool plain = std::all_of(name.begin(), name.end(),
                                 [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
  return plain && !name.empty() && name.size() <= 64 && name.front() >= 'a' && name.rfind("waybill-", 0) != 0;
}

[[nodiscard]] bool is_tag_name(const std::string& name) { return !name.empty() && name.size() <= longest_tag_name; }

template <class Rule>
void read_templates(const config_reader& from, const char* name, std::size_t most, Rule is_name, const char* rule,
                    named_templates& into) {
  const auto all = from.object(name);
  if (!all) return;
  if (all->raw().size() > most) from.fault(name, "maxProperties", "has too many members: at most " + std::to_string(most));
  for (const auto& [own, value] : all->raw().items()) {
    if (!is_name(own)) all->fault(own, "name", rule);
    std::string text;
    all->text(own.c_str(), text);
    into.emplace_back(own, read_template(*all, own.c_str(), text, template_scope::object));
  }
}

void read_retention(const config_reader& from, retention_settings& into) {
  const auto retention = from.object("retention");
  if (!retention) return;
  into.days = retention->number("days", 0, 1, most_days);
  retention->boolean("autoCleanup", into.auto_cleanup);
  if (into.auto_cleanup && into.days == 0) retention->fault("days", "required", "is required for the cleanup");
}

void read_connection(const config_reader& from, connection_settings& into) {
  into.timeout = std::chrono::milliseconds{from.number("timeoutMs", into.timeout.count(), 100, 600'000)};
  into.connect_timeout = std::chrono::milliseconds{from.number("connectTimeoutMs", into.connect_timeout.count(), 100, 60'000)};
  read_tls(from, into.tls);
  read_proxy(from, into.proxy);
}

}  // namespace

std::optional<config> parse_config(std::string_view text, sdk::fault_sink& faults) {
  const auto document = json::parse(text.begin(), text.end(), nullptr, false);
  if (!document.is_object()) {
    faults("", "type", "the configuration must be a JSON object");
    return std::nullopt;
  }
  const auto before = faults.count();
  config settings;
  const config_reader from{document, "", faults};
  read_provider(from, settings);
  read_paths(from, settings);
  read_templates(from, "metadata", most_metadata, is_metadata_name,
                 "must be lower case letters, digits and hyphens, begin with a letter, and not with waybill-",
                 settings.metadata);
  read_templates(from, "tags", most_tags, is_tag_name, "must have 1 to 128 bytes", settings.tags);
  read_retention(from, settings.retention);
  read_connection(from, settings.connection);
  if (faults.count() != before) return std::nullopt;
  return settings;
}

}  // namespace waybill::storage
