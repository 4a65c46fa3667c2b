// SPDX-License-Identifier: Apache-2.0
#include "config.hpp"

#include <filesystem>

#include <nlohmann/json.hpp>

namespace {

bool climbs(const std::filesystem::path& folder) {
  for (const auto& part : folder)
    if (part == "..") return true;
  return false;
}

}  // namespace

std::optional<config> read_config(std::string_view text, waybill::sdk::fault_sink& faults) {
  const auto before = faults.count();
  const auto json = nlohmann::json::parse(text);
  config out;
  out.folder = json.at("folder").get<std::string>();
  out.suffix = json.value("suffix", out.suffix);
  out.sync = json.value("sync", out.sync);
  const std::filesystem::path folder{out.folder};
  if (!folder.is_absolute()) faults("/folder", "absolute", "The folder must be an absolute path, such as /var/spool/reports.");
  if (climbs(folder)) faults("/folder", "no_parent", "The folder must not contain \"..\".");
  if (out.suffix.find_first_of(std::string_view{"/\\\0", 3}) != std::string::npos)
    faults("/suffix", "file_name", "The suffix is part of a file's name: it must not contain a slash.");
  if (faults.count() != before) return std::nullopt;
  return out;
}
