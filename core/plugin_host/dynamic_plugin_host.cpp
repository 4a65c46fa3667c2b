// SPDX-License-Identifier: Apache-2.0
#include "core/plugin_host/dynamic_plugin_host.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <exception>
#include <filesystem>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/plugin_host/foreign_text.hpp"
#include "core/plugin_host/host_counters.hpp"
#include "core/plugin_host/host_table.hpp"
#include "core/plugin_host/shared_library.hpp"
#include "core/telemetry/log.hpp"

namespace waybill::core {
namespace {

plugin_host_stats process_stats() {
  const auto& c = counters();
  return {c.completions.load(), c.late_completions.load(), c.unknown_completions.load(), c.plugin_faults.load()};
}

/// What the entry writes into: our table and a margin, so that a plugin built against a longer table which ignores
/// struct_size is caught and not a corruption. Shared with the call, which may never return.
struct entry_room {
  static constexpr std::size_t margin = 4'096;
  alignas(wb_plugin) std::array<std::uint8_t, sizeof(wb_plugin) + margin> bytes{};
  std::uint32_t returned = 0;
  std::string thrown;

  [[nodiscard]] wb_plugin* table() { return reinterpret_cast<wb_plugin*>(bytes.data()); }
  [[nodiscard]] bool is_margin_untouched() const {
    return std::all_of(bytes.begin() + sizeof(wb_plugin), bytes.end(), [](auto byte) { return byte == 0; });
  }
};

void call_entry(wb_plugin_entry_fn entry, entry_room& room) {
  const std::uint32_t size = sizeof(wb_plugin);
  std::memcpy(room.bytes.data(), &size, sizeof size);
  try {
    room.returned = entry(&host_table(), room.table());
  } catch (const std::exception& e) {
    room.thrown = clean_text(std::string_view{e.what()}, 512);
    if (room.thrown.empty()) room.thrown = "an exception without a text";
  } catch (...) {
    room.thrown = "an exception that is not a std::exception";
  }
}

tl::unexpected<error> refuse(std::string why) { return fail(error_code::validation_error, std::move(why)); }

}  // namespace

dynamic_plugin_host::dynamic_plugin_host(const clock& time, options settings)
    : time_(time),
      settings_(settings),
      at_start_(process_stats()),
      threads_(std::make_shared<host_threads>(settings.blocking_threads)) {
  set_host_clock(time);
}

dynamic_plugin_host::~dynamic_plugin_host() {
  threads_->stop();
  unset_host_clock(time_);
}

result<plugin_table> dynamic_plugin_host::ask_for_table(const std::string& path, std::string& absolute) {
  auto library = map_library(path);
  if (!library) return tl::unexpected(library.error());
  absolute = library->path;
  auto room = std::make_shared<entry_room>();
  const bool in_time =
      threads_->hooks.run_within(settings_.hook_limit, [room, entry = library->entry] { call_entry(entry, *room); });
  if (!in_time) return refuse(fmt::format("its entry did not return within {} ms", settings_.hook_limit.count()));
  if (!room->thrown.empty()) return refuse("its entry threw: " + room->thrown);
  if (room->returned != 0)
    return refuse(fmt::format("its entry refused this engine, ABI {}.{}, with {}; the plugin speaks ABI {}.{}", WB_ABI_MAJOR,
                              WB_ABI_MINOR, room->returned, room->table()->abi_major, room->table()->abi_minor));
  if (!room->is_margin_untouched())
    return refuse(fmt::format("its entry wrote past the {} bytes this engine gave it in struct_size", sizeof(wb_plugin)));

  plugin_table table;
  auto faults = copy_slots(room->bytes.data(), sizeof(wb_plugin), table.slots);
  if (faults.empty()) faults = copy_texts(table.slots, table);
  if (!faults.empty()) return refuse(fmt::format("{}", fmt::join(faults, "; ")));
  return table;
}

result<const handler_type*> dynamic_plugin_host::keep(plugin_table table, std::string path) {
  auto document = nlohmann::json::parse(table.config_schema, nullptr, /*allow_exceptions=*/false);
  if (document.is_discarded()) return refuse("its config_schema is not JSON");
  auto schema = config_schema::compile(std::move(document));
  if (!schema) {
    auto why = "its config_schema is not usable: " + schema.error().message;
    for (const auto& fault : schema.error().fields) why += fmt::format("; {} {}", fault.pointer, fault.message);
    return refuse(std::move(why));
  }
  auto plugin = std::make_unique<loaded_plugin>(std::move(table), std::move(*schema),
                                                loaded_plugin::surroundings{std::move(path), threads_, settings_.hook_limit});
  std::lock_guard hold{lock_};
  for (const auto& other : plugins_)
    if (other->type() == plugin->type())
      return refuse(fmt::format("its type `{}` is loaded already, from {}", plugin->type(), other->path()));
  plugins_.push_back(std::move(plugin));
  return plugins_.back().get();
}

result<const handler_type*> dynamic_plugin_host::load(const std::string& path) {
  std::string absolute = path;
  auto table = ask_for_table(path, absolute);
  auto kept = table ? keep(std::move(*table), absolute) : result<const handler_type*>{tl::unexpected(table.error())};
  if (!kept) {
    kept.error().message = fmt::format("{} is no plugin for this engine: {}", path, kept.error().message);
    log(log_level::error, "plugin_refused", kept.error().message, {{"path", absolute}});
    return kept;
  }
  log(log_level::info, "plugin.loaded", (*kept)->title(),
      {{"type", (*kept)->type()}, {"version", (*kept)->version()}, {"path", absolute}});
  return kept;
}

std::vector<refused_plugin> dynamic_plugin_host::load_folder(const std::string& folder) {
  std::error_code ec;
  std::vector<std::string> files;
  for (std::filesystem::directory_iterator at{folder, ec}, end; !ec && at != end; at.increment(ec))
    if (at->path().extension() == ".so") files.push_back(at->path().string());
  if (ec) return {{folder, "the folder cannot be read: " + ec.message()}};
  std::sort(files.begin(), files.end());
  std::vector<refused_plugin> refused;
  for (const auto& file : files)
    if (auto loaded = load(file); !loaded) refused.push_back({file, loaded.error().message});
  return refused;
}

const loaded_plugin* dynamic_plugin_host::find_plugin(std::string_view type) const {
  std::lock_guard hold{lock_};
  const auto found = std::find_if(plugins_.begin(), plugins_.end(), [&](const auto& p) { return p->type() == type; });
  return found == plugins_.end() ? nullptr : found->get();
}

const handler_type* dynamic_plugin_host::find(std::string_view type) const { return find_plugin(type); }

std::vector<const handler_type*> dynamic_plugin_host::types() const {
  std::lock_guard hold{lock_};
  std::vector<const handler_type*> all;
  for (const auto& plugin : plugins_) all.push_back(plugin.get());
  std::sort(all.begin(), all.end(), [](const auto* a, const auto* b) { return a->type() < b->type(); });
  return all;
}

plugin_host_stats dynamic_plugin_host::stats() const {
  const auto now = process_stats();
  return {now.completions - at_start_.completions, now.late_completions - at_start_.late_completions,
          now.unknown_completions - at_start_.unknown_completions, now.plugin_faults - at_start_.plugin_faults};
}

std::unique_ptr<plugin_host> make_plugin_host(const clock& time, std::size_t blocking_threads) {
  dynamic_plugin_host::options settings;
  settings.blocking_threads = blocking_threads;
  return std::make_unique<dynamic_plugin_host>(time, settings);
}

}  // namespace waybill::core
