// SPDX-License-Identifier: Apache-2.0
#include "node/node.hpp"

#include <filesystem>
#include <optional>
#include <utility>

#include "actors/engine.hpp"
#include "api/server.hpp"
#include "core/plugin_host/handler.hpp"
#include "core/store/store.hpp"
#include "core/telemetry/log.hpp"
#include "core/telemetry/metrics.hpp"
#include "node/data_folder.hpp"
#include "node/store_place.hpp"

namespace waybill::node {
namespace {

std::string plugins_folder(const core::config& settings) {
  if (!settings.plugins_dir.empty()) return settings.plugins_dir;
  std::error_code ignored;  // no /proc: the folder is not found, and the load says so
  return (std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path().parent_path() / "plugins").string();
}

core::result<void> load_plugins(core::plugin_host& plugins, const std::string& folder) {
  for (const auto& refused : plugins.load_folder(folder))
    core::log(core::log_level::error, "plugin.refused", "A plugin was not loaded",
              {{"path", refused.path}, {"reason", refused.reason}});
  if (plugins.types().empty())
    return core::fail(core::error_code::validation_error, "no plugin could be loaded from " + folder + " (pluginsDir)");
  return {};
}

}  // namespace

struct node::floors {
  explicit floors(core::config s) : settings(std::move(s)) {}

  core::config settings;
  core::system_clock time;
  core::metrics figures;
  std::optional<data_folder> folder;
  std::unique_ptr<core::store> storage;
  std::unique_ptr<core::plugin_host> plugins;
  std::unique_ptr<actors::engine> engine;
  std::unique_ptr<api::http_server> server;

  core::result<void> start();
};

node::node() = default;
node::~node() {
  if (floors_) stop();
}

core::result<std::unique_ptr<node>> node::start(core::config settings) {
  std::unique_ptr<node> made{new node};
  made->floors_ = std::make_unique<floors>(std::move(settings));
  if (auto done = made->floors_->start(); !done) return core::fail(done.error());
  return made;
}

core::result<void> node::floors::start() {
  auto taken = data_folder::take(settings.data_dir);
  if (!taken) return core::fail(taken.error());
  folder.emplace(*std::move(taken));
  auto key = folder->key(settings);
  if (!key) return core::fail(key.error());

  auto opened = core::open_store(store_url(settings), store_server(settings));
  if (!opened) return core::fail(opened.error());
  storage = *std::move(opened);
  if (auto done = folder->prepare(*storage, time, *key); !done) return done;

  plugins = core::make_plugin_host(time);
  if (auto done = load_plugins(*plugins, plugins_folder(settings)); !done) return done;

  auto started = actors::engine::start({settings, time, *storage, *plugins, figures, *key});
  if (!started) return core::fail(started.error());
  engine = *std::move(started);

  auto listening = api::http_server::start(api::http_options::from(settings), engine->service(), figures, time);
  if (!listening) return core::fail(listening.error());
  server = *std::move(listening);
  engine->listens_at(server->public_url());
  return {};
}

std::string node::address() const { return floors_->server->address(); }
std::string node::operator_key_path() const { return floors_->folder->operator_key_path(); }

void node::stop() {
  auto& f = *floors_;
  if (f.server) f.server->stop_accepting();
  if (f.engine) {
    const bool clean = f.engine->stop(f.settings.queue.drain_timeout);
    core::log(core::log_level::info, "node.drained",
              clean ? "Everything under way was finished" : "What was under way was handed back to the queue");
  }
  if (f.server) f.server->stop();
  f.server.reset();
  f.engine.reset();
}

}  // namespace waybill::node
