// SPDX-License-Identifier: Apache-2.0
#include "resume_book.hpp"

#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>

namespace waybill::sftp {
namespace {

using nlohmann::json;
constexpr std::string_view key = "uploads";
constexpr std::size_t most_entries = 64;

}  // namespace

std::uint64_t resume_book::find(std::string_view task, std::string_view path) {
  const std::lock_guard lock{mutex_};
  load();
  const auto found = entries_.find(task);
  return found != entries_.end() && found->second.path == path ? found->second.confirmed : 0;
}

void resume_book::save(std::string_view task, std::string_view path, std::uint64_t confirmed) {
  const std::lock_guard lock{mutex_};
  load();
  entries_[std::string{task}] = {std::string{path}, confirmed, sdk::now_ms()};
  if (entries_.size() > most_entries)
    entries_.erase(std::min_element(entries_.begin(), entries_.end(),
                                    [](const auto& a, const auto& b) { return a.second.at_ms < b.second.at_ms; }));
  store();
}

void resume_book::erase(std::string_view task) {
  const std::lock_guard lock{mutex_};
  load();
  const auto found = entries_.find(task);
  if (found == entries_.end()) return;
  entries_.erase(found);
  store();
}

void resume_book::load() {
  if (std::exchange(loaded_, true)) return;
  std::string text;
  if (host_.state_get(key, text) != WB_OK) return;
  const auto read = json::parse(text, nullptr, false);
  if (!read.is_object()) return;
  for (const auto& [task, one] : read.items()) {
    const bool whole = one.is_object() && one.contains("path") && one["path"].is_string() && one.contains("confirmed") &&
                       one["confirmed"].is_number_unsigned() && one.contains("at") && one["at"].is_number_integer();
    if (whole)
      entries_[task] = {one["path"].get<std::string>(), one["confirmed"].get<std::uint64_t>(), one["at"].get<std::int64_t>()};
  }
}

void resume_book::store() {
  json out = json::object();
  for (const auto& [task, one] : entries_) out[task] = {{"path", one.path}, {"confirmed", one.confirmed}, {"at", one.at_ms}};
  const auto text = out.dump(-1, ' ', false, json::error_handler_t::replace);
  if (host_.state_put(key, text) != WB_OK)
    host_.log(sdk::log_level::warning, "how far an upload has got could not be stored: it would start anew");
}

}  // namespace waybill::sftp
