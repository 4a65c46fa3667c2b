// SPDX-License-Identifier: Apache-2.0
#include "core/plugin_host/loaded_plugin.hpp"

#include <utility>

#include <fmt/format.h>

#include "core/plugin_host/hook_call.hpp"
#include "core/plugin_host/host_counters.hpp"

namespace waybill::core {
namespace {

using json = nlohmann::json;

/// Beyond that many calls that do not come back, a plugin is not asked again before one has.
constexpr int max_hanging = 2;

std::string text_of(const json& config) { return config.dump(-1, ' ', false, json::error_handler_t::replace); }

struct named_feature {
  std::uint64_t bit;
  const char* name;
};
constexpr named_feature known_features[] = {
    {WB_FEATURE_BLOCKING, "blocking"},
    {WB_FEATURE_SIGNING_SECRETS, "signing_secrets"},
    {WB_FEATURE_STREAMING, "streaming"},
    {WB_FEATURE_BATCH, "batch"},
};

tl::unexpected<error> hangs(const std::string& type, const char* slot, std::chrono::milliseconds limit) {
  return fail(error_code::internal_error,
              fmt::format("the plugin `{}` did not return from {} within {} ms", type, slot, limit.count()));
}

}  // namespace

loaded_plugin::loaded_plugin(plugin_table table, core::config_schema schema, surroundings around)
    : table_(std::move(table)),
      schema_(std::move(schema)),
      around_(std::move(around)),
      hanging_(std::make_shared<std::atomic<int>>(0)) {}

std::vector<std::string> loaded_plugin::feature_names() const {
  std::vector<std::string> names;
  for (const auto& feature : known_features)
    if ((features() & feature.bit) != 0) names.emplace_back(feature.name);
  return names;
}

std::vector<field_fault> loaded_plugin::validate(const json& config) const {
  // What the schema refuses never reaches the plugin: a tenant's ill-typed value must not find its bugs.
  auto faults = schema_.validate(config);
  if (!faults.empty()) return faults;
  auto own = validate_by_plugin(config);
  if (own) return std::move(*own);
  return {field_fault{"", "plugin", own.error().message}};
}

/// Counted until the call returns after all, which may have happened already: then the sum is right a moment later.
tl::unexpected<error> loaded_plugin::overrun(const char* slot) const {
  hanging_->fetch_add(1);
  return hangs(type(), slot, around_.hook_limit);
}

result<std::vector<field_fault>> loaded_plugin::validate_by_plugin(const json& config) const {
  if (table_.slots.validate == nullptr) return std::vector<field_fault>{};
  if (hanging_->load() >= max_hanging) return hangs(type(), "an earlier call", around_.hook_limit);
  auto call = std::make_shared<hook_call>(text_of(schema_.with_defaults(config)));
  const auto ask = table_.slots.validate;
  const auto ending = call->run(around_.threads->hooks, around_.hook_limit, ask, [n = hanging_] { n->fetch_sub(1); });
  if (ending == hook_call::ending::overran) return overrun("validate");
  if (ending == hook_call::ending::threw)
    return fail(error_code::internal_error, fmt::format("the plugin's validate threw: {}", call->thrown()));
  auto faults = call->take_faults();
  if (faults.empty() && call->status() != WB_OK)
    faults.push_back({"", "plugin", "The handler refuses this configuration and does not say why."});
  return faults;
}

result<std::shared_ptr<handler_instance>> loaded_plugin::open_instance(const json& config, destination_id id,
                                                                       std::shared_ptr<handler_services> services,
                                                                       content_access access) const {
  if (hanging_->load() >= max_hanging) return hangs(type(), "an earlier call", around_.hook_limit);
  auto instance = std::make_shared<handler_instance>(table_.slots, handler_instance::identity{type(), id}, std::move(services),
                                                     around_.threads, access);
  auto call = std::make_shared<hook_call>(text_of(schema_.with_defaults(config)));
  auto made = std::make_shared<wb_handler*>(nullptr);
  const auto body = [open = table_.slots.open, instance, made](wb_str text, wb_fault_sink sink, void* sink_ctx) {
    return open(text, instance.get(), made.get(), sink, sink_ctx);
  };
  const auto if_late = [n = hanging_, instance, made] {
    n->fetch_sub(1);
    if (*made == nullptr) return;
    instance->opened(*made);
    instance->close_when_done();
  };
  const auto ending = call->run(around_.threads->hooks, around_.hook_limit, body, if_late);
  if (ending == hook_call::ending::overran) return overrun("open");
  if (ending == hook_call::ending::threw)
    return fail(error_code::internal_error, fmt::format("the plugin's open threw: {}", call->thrown()));
  if (call->status() != WB_OK) {
    error refusal{error_code::validation_error, fmt::format("The handler `{}` refuses this configuration.", type()), {}, {}};
    refusal.fields = call->take_faults();
    return fail(std::move(refusal));
  }
  if (*made == nullptr) {
    count(counters().plugin_faults);
    return fail(error_code::internal_error, "the plugin's open said it was well and gave no handler");
  }
  instance->opened(*made);
  return instance;
}

result<std::shared_ptr<handler>> loaded_plugin::open(const json& config, destination_id id,
                                                     std::shared_ptr<handler_services> services) const {
  auto instance = open_instance(config, id, std::move(services), content_access::in_memory);
  if (!instance) return tl::unexpected(instance.error());
  return std::make_shared<instance_face>(std::move(*instance));
}

}  // namespace waybill::core
