// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/delivery.hpp"
#include "core/model/destination.hpp"
#include "core/model/error.hpp"
#include "core/model/time.hpp"

#include <nlohmann/json.hpp>

namespace waybill::core {

/// What a handler may ask of the engine, for one destination. Implemented by whoever opens handlers; every call from any
/// thread. Outlives the handler.
class handler_services {
public:
  virtual ~handler_services() = default;
  /// The network guard: may a connection to this resolved address (4 or 16 bytes, network order) be made?
  [[nodiscard]] virtual bool connect_allowed(const std::uint8_t* address, std::size_t size, std::uint16_t port) const = 0;
  virtual result<std::string> state_get(destination_id id, std::string_view key) = 0;                   ///< blocks
  virtual result<void> state_put(destination_id id, std::string_view key, std::string_view value) = 0;  ///< blocks
  /// Blocks. validation_error for options that no link can have, not_found where there is no link service.
  virtual result<std::string> link_create(destination_id id, const delivery& d, std::string_view options) = 0;
  /// Whether such a link could be made; makes none. Errors as link_create.
  [[nodiscard]] virtual result<void> check_link(std::string_view options) const = 0;
  /// Copies up to `room` bytes of a delivery's payload from `offset` on, 0 at the end. Blocks for a read of the store.
  virtual result<std::size_t> read_payload(const delivery& d, std::uint64_t offset, std::uint8_t* buffer, std::size_t room) = 0;
  /// All of it, for a handler that cannot stream: payload_too_large beyond what may be held. Blocks.
  virtual result<std::string> load_payload(const delivery& d) = 0;
  virtual void metric_add(const std::string& type, std::string_view name, double value) = 0;
  virtual void metric_observe(const std::string& type, std::string_view name, double value) = 0;
};

/// One attempt, ready to be handed over.
struct delivery_call {
  queued_task what;
  std::uint32_t attempt = 1;  ///< number shown to the destination
  mono_time deadline;
};

/// One configured destination inside a plugin: the loaded plugin's handler. Made by handler_type::open. Thread-safe in the
/// sense of plugin.h: the host keeps hooks of one handler from running at once. Destroying it closes the plugin's handler
/// as soon as no token is outstanding, which may be later than the destructor's return.
class handler {
public:
  using token = std::uint64_t;  ///< never 0
  using completion = std::function<void(attempt_result)>;

  virtual ~handler() = default;
  /// Starts an attempt. `done` is called at most once, from any thread, possibly before this returns. An exception, a
  /// refusal or garbage from the plugin comes as retry/system. Never blocks (a blocking plugin runs on the host's pool).
  virtual token deliver(delivery_call call, completion done) = 0;
  /// Starts one attempt of each task in one call to the plugin, which has WB_FEATURE_BATCH. `done[i]` and the token [i] of
  /// the answer belong to `calls[i]`; each ends by itself, as if it had been started by deliver. Not empty.
  virtual std::vector<token> deliver_batch(std::vector<delivery_call> calls, std::vector<completion> done) = 0;
  virtual token test_connection(mono_time deadline, completion done) = 0;
  /// The caller has stopped waiting (deadline, cancellation): `done` will not be called any more; a later completion is
  /// counted as late.
  virtual void cancel(token which) = 0;
  [[nodiscard]] virtual std::size_t outstanding() const = 0;
};

/// One loaded plugin. Lives as long as the process.
class handler_type {
public:
  virtual ~handler_type() = default;
  [[nodiscard]] virtual const std::string& type() const = 0;
  [[nodiscard]] virtual const std::string& title() const = 0;
  [[nodiscard]] virtual const std::string& version() const = 0;
  [[nodiscard]] virtual const std::string& path() const = 0;
  [[nodiscard]] virtual std::uint64_t features() const = 0;  ///< WB_FEATURE_*
  [[nodiscard]] virtual std::vector<std::string> feature_names() const = 0;
  [[nodiscard]] bool has_feature(std::string_view name) const {
    const auto names = feature_names();
    return std::find(names.begin(), names.end(), name) != names.end();
  }
  [[nodiscard]] virtual const nlohmann::json& config_schema() const = 0;
  /// Schema, then the plugin's own validate; secrets in clear. Every fault, pointers into the configuration.
  [[nodiscard]] virtual std::vector<field_fault> validate(const nlohmann::json& config) const = 0;
  /// `config`: secrets in clear, `signingSecrets` added where the feature asks for them.
  [[nodiscard]] virtual result<std::shared_ptr<handler>> open(const nlohmann::json& config, destination_id id,
                                                              std::shared_ptr<handler_services> services) const = 0;
};

/// What every plugin made of its tokens; for /metrics.
struct plugin_host_stats {
  std::uint64_t completions = 0;
  std::uint64_t late_completions = 0;     ///< after cancel
  std::uint64_t unknown_completions = 0;  ///< double, or never given out
  std::uint64_t plugin_faults = 0;        ///< exceptions, garbage, refusals
};

/// A plugin that was not loaded, and why, in words of an operator.
struct refused_plugin {
  std::string path;
  std::string reason;
};

/// The plugins of this process. Loads with RTLD_NOW | RTLD_LOCAL, checks the tables defensively, never unloads.
class plugin_host {
public:
  virtual ~plugin_host() = default;
  /// One library; its type, or why it is refused (also: the type is loaded already).
  virtual result<const handler_type*> load(const std::string& path) = 0;
  /// Every *.so of a folder, by name; returns those refused.
  virtual std::vector<refused_plugin> load_folder(const std::string& folder) = 0;
  [[nodiscard]] virtual const handler_type* find(std::string_view type) const = 0;
  [[nodiscard]] virtual std::vector<const handler_type*> types() const = 0;
  [[nodiscard]] virtual plugin_host_stats stats() const = 0;
};

/// `blocking_threads`: the size of the pool for plugins with WB_FEATURE_BLOCKING.
[[nodiscard]] std::unique_ptr<plugin_host> make_plugin_host(const clock& time, std::size_t blocking_threads = 8);

}  // namespace waybill::core
