// SPDX-License-Identifier: Apache-2.0
#include "node/maintenance.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <optional>
#include <utility>

#include "core/store/backup/backup_file.hpp"
#include "core/store/backup/endpoints.hpp"
#include "node/data_folder.hpp"
#include "node/store_place.hpp"

namespace waybill::node {
namespace {

using core::fail;
using core::result;

std::string summary(const core::counting_sink& through) {
  const auto& totals = through.totals();
  return fmt::format("{} rows in {} tables, as of {}", totals.rows, totals.tables, core::to_rfc3339(through.head().taken_at));
}

result<std::string> url_of(const core::config& settings, const std::string& place) {
  if (place == "sqlite") return "sqlite://" + settings.data_dir + "/waybill.db";
  if (place != "postgres" && place != "postgresql") return place;
  if (settings.store.url.rfind("postgres", 0) == 0) return settings.store.url;
  return fail(core::error_code::validation_error,
              "`postgres` stands for store.url, which names no PostgreSQL store: give its URL");
}

/// The data folder's lock, where the store lies in one: no node may start on it meanwhile.
result<std::optional<data_folder>> hold_folder_of(const core::config& settings, const std::string& url) {
  if (url != "sqlite://" + settings.data_dir + "/waybill.db") return std::optional<data_folder>{};
  auto taken = data_folder::take(settings.data_dir);
  if (!taken) return fail(taken.error());
  return std::optional<data_folder>{std::move(*taken)};
}

result<std::string> pour(core::row_source& from, core::row_sink& to) {
  core::counting_sink counted(to);
  if (auto done = from.pour_into(counted); !done) return fail(done.error());
  return summary(counted);
}

}  // namespace

result<std::string> back_up(const core::config& settings, const std::string& file) {
  auto from = core::open_source(store_url(settings), store_server(settings), core::source_use::shared);
  if (!from) return fail(from.error());
  auto to = core::make_backup(file);
  if (!to) return fail(to.error());
  auto done = pour(**from, **to);
  if (!done) return done;
  std::error_code ignored;  // only for the line that is shown
  return fmt::format("backed up to {}: {}, {} bytes", file, *done, std::filesystem::file_size(file, ignored));
}

result<std::string> restore(const core::config& settings, const std::string& file) {
  const auto url = store_url(settings);
  auto from = core::open_backup(file);
  if (!from) return fail(from.error());
  auto folder = hold_folder_of(settings, url);
  if (!folder) return fail(folder.error());
  auto to = core::open_target(url, store_server(settings));
  if (!to) return fail(to.error());
  auto done = pour(**from, **to);
  if (!done) return done;
  return fmt::format("restored from {}: {}", file, *done);
}

result<std::string> move_store(const core::config& settings, const std::string& from, const std::string& to) {
  const auto from_url = url_of(settings, from);
  if (!from_url) return from_url;
  const auto to_url = url_of(settings, to);
  if (!to_url) return to_url;
  if (*from_url == *to_url) return fail(core::error_code::validation_error, "--from and --to name the same store");
  auto source = core::open_source(*from_url, store_server(settings), core::source_use::exclusive);
  if (!source) return fail(source.error());
  auto from_folder = hold_folder_of(settings, *from_url);
  if (!from_folder) return fail(from_folder.error());
  auto to_folder = hold_folder_of(settings, *to_url);
  if (!to_folder) return fail(to_folder.error());
  auto target = core::open_target(*to_url, store_server(settings));
  if (!target) return fail(target.error());
  auto done = pour(**source, **target);
  if (!done) return done;
  return "migrated " + *done;
}

}  // namespace waybill::node
