// SPDX-License-Identifier: Apache-2.0
#include "sftp_handler.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "config.hpp"
#include "schema.hpp"

namespace waybill::sftp {
namespace {

// Of a path in bytes: PATH_MAX of most servers, without its NUL.
constexpr std::size_t longest_path = 4'095;
constexpr std::size_t longest_name = 255;

std::string safe(std::string_view id) {
  std::string out{id};
  for (auto& c : out)
    if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-')) c = '_';
  return out;
}

std::string joined(const std::string& folder, const std::string& name) {
  if (folder.empty()) return name;
  return folder.back() == '/' ? folder + name : folder + "/" + name;
}

}  // namespace

sdk::plugin_info sftp_handler::info() {
  sdk::plugin_info info;
  info.type = "sftp";
  info.title = "SFTP";
  info.version = plugin_version;
  info.config_schema = config_schema;
  info.features = WB_FEATURE_STREAMING | WB_FEATURE_BATCH;
  return info;
}

void sftp_handler::validate(std::string_view config, sdk::fault_sink& faults) {
  static_cast<void>(parse_config(config, faults));
}

std::unique_ptr<sftp_handler> sftp_handler::open(std::string_view config, sdk::handler_context context,
                                                 sdk::fault_sink& faults) {
  auto settings = parse_config(config, faults);
  if (!settings) return nullptr;
  auto folder = settings->path;
  auto filename = settings->filename;
  return std::make_unique<sftp_handler>(std::move(folder), std::move(filename),
                                        std::make_shared<target>(std::move(*settings), context));
}

bool sftp_handler::add(const sdk::delivery& what, sdk::completion&& done, pending_uploads& to) const {
  std::string why;
  auto folder = folder_.expand(what, why);
  const auto name = filename_.expand(what, why);
  if (folder && name && (name->empty() || name->size() > longest_name || folder->size() + name->size() > longest_path))
    why = "the path is too long";
  if (!why.empty() || !folder || !name) {
    auto r = sdk::result::reject(sdk::category::validation, "the path cannot be made: " + why);
    r.message = "There is no path for this delivery: " + why + ".";
    done(r);
    return false;
  }
  if (folder->size() > 1 && folder->back() == '/') folder->pop_back();
  auto& item = to.emplace_back(pending_upload{sdk::retained_delivery{what}, std::move(done), {}, {}, {}, {}, 0});
  item.plan.path = joined(*folder, *name);
  item.plan.temporary = joined(*folder, ".waybill-" + safe(what.task_id()) + ".part");
  item.plan.folder = std::move(*folder);
  return true;
}

void sftp_handler::test_connection(std::int64_t deadline_ms, sdk::completion&& done) {
  target_->test(deadline_ms, std::move(done));
}

void sftp_handler::deliver(const sdk::delivery& what, sdk::completion&& done) {
  pending_uploads one;
  if (add(what, std::move(done), one)) target_->upload(std::move(one), false);
}

void sftp_handler::deliver_batch(std::vector<sdk::batch_item> items) {
  pending_uploads all;
  all.reserve(items.size());
  for (auto& item : items) static_cast<void>(add(item.what, std::move(item.done), all));
  if (!all.empty()) target_->upload(std::move(all), true);
}

void sftp_handler::cancel(wb_token token) { target_->cancel(token); }

void sftp_handler::drain(std::int64_t deadline_ms) {
  target_->wait_idle(std::chrono::milliseconds{std::max<std::int64_t>(deadline_ms - sdk::monotonic_ms(), 0)});
}

}  // namespace waybill::sftp
