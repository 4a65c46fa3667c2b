// SPDX-License-Identifier: Apache-2.0
#include "upload_ledger.hpp"

#include <nlohmann/json.hpp>

namespace waybill::storage {
namespace {

using nlohmann::json;

constexpr std::string_view state_key = "storage.uploads";
// The host keeps values of up to 64 KiB.
constexpr std::size_t most_bytes = 60'000;

[[nodiscard]] std::string text_of(const json& from, const char* name) {
  const auto found = from.find(name);
  return found != from.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

}  // namespace

std::map<std::string, open_upload> read_uploads(std::string_view text) {
  std::map<std::string, open_upload> out;
  const auto document = json::parse(text.begin(), text.end(), nullptr, false);
  if (!document.is_object()) return out;
  for (const auto& [name, one] : document.items()) {
    if (!one.is_object()) continue;
    open_upload upload{text_of(one, "key"), text_of(one, "sha256"), text_of(one, "id"), 0};
    const auto begun = one.find("begunMs");
    if (upload.key.empty() || upload.id.empty() || begun == one.end() || !begun->is_number_integer()) continue;
    upload.begun_ms = begun->get<std::int64_t>();
    out.emplace(name, std::move(upload));
  }
  return out;
}

void upload_ledger::load() {
  if (loaded_) return;
  std::string text;
  const auto status = host_->state_get(state_key, text);
  if (status == WB_OK) open_ = read_uploads(text);
  loaded_ = status == WB_OK || status == WB_NOT_FOUND;
}

bool upload_ledger::save() {
  auto document = json::object();
  for (const auto& [name, one] : open_)
    document[name] = {{"key", one.key}, {"sha256", one.sha256}, {"id", one.id}, {"begunMs", one.begun_ms}};
  const auto text = document.dump(-1, ' ', false, json::error_handler_t::replace);
  return text.size() <= most_bytes && host_->state_put(state_key, text) == WB_OK;
}

std::optional<open_upload> upload_ledger::find(const std::string& name) {
  const std::lock_guard lock{mutex_};
  load();
  const auto found = open_.find(name);
  return found == open_.end() ? std::nullopt : std::optional{found->second};
}

bool upload_ledger::add(const std::string& name, const open_upload& what) {
  const std::lock_guard lock{mutex_};
  load();
  if (!loaded_) return false;
  open_.insert_or_assign(name, what);
  if (save()) return true;
  open_.erase(name);
  return false;
}

void upload_ledger::remove(const std::string& name) {
  const std::lock_guard lock{mutex_};
  load();
  if (open_.erase(name) == 0) return;
  if (!save())
    host_->log(sdk::log_level::warning, "an ended upload could not be struck from the store; its next attempt finds out");
}

std::vector<std::pair<std::string, open_upload>> upload_ledger::begun_before(std::int64_t unix_ms) {
  const std::lock_guard lock{mutex_};
  load();
  std::vector<std::pair<std::string, open_upload>> out;
  for (const auto& one : open_)
    if (one.second.begun_ms < unix_ms) out.push_back(one);
  return out;
}

}  // namespace waybill::storage
