// SPDX-License-Identifier: Apache-2.0
#include "actors/destination_input.hpp"

#include <string>
#include <utility>

namespace waybill::actors {
namespace {

constexpr std::size_t max_label = 200;
constexpr std::size_t max_tags = 32;
constexpr std::size_t max_tag = 64;
constexpr std::size_t max_metadata = 16 * 1024;

using faults = std::vector<core::field_fault>;

void check_label(const std::string& label, faults& out) {
  if (label.empty() || label.size() > max_label) out.push_back({"/label", "length", "label takes 1 to 200 bytes"});
}

void check_tags(const std::vector<std::string>& tags, faults& out) {
  if (tags.size() > max_tags) out.push_back({"/tags", "maxItems", "at most 32 tags"});
  for (std::size_t i = 0; i < tags.size(); ++i)
    if (tags[i].empty() || tags[i].size() > max_tag)
      out.push_back({"/tags/" + std::to_string(i), "length", "a tag takes 1 to 64 bytes"});
}

void check_metadata(const nlohmann::json& metadata, faults& out) {
  if (!metadata.is_object()) return out.push_back({"/metadata", "type", "metadata is an object"});
  if (metadata.dump().size() > max_metadata) out.push_back({"/metadata", "maxLength", "metadata takes at most 16 KiB"});
}

core::policy_overrides check_policy(const nlohmann::json& json, faults& out) {
  auto parsed = core::policy_from_json(json, "/policy", core::policy_scope::destination);
  if (parsed) return *std::move(parsed);
  out.insert(out.end(), parsed.error().fields.begin(), parsed.error().fields.end());
  return {};
}

/// The members that need no plugin; what is not set in `input` is left alone.
void lay_over(core::destination& d, const core::destination_input& input, faults& out) {
  if (input.label) check_label(d.label = *input.label, out);
  if (input.tags) check_tags(d.tags = *input.tags, out);
  if (input.metadata) check_metadata(d.metadata = *input.metadata, out);
  if (input.policy) d.policy = check_policy(*input.policy, out);
}

/// `config` as it will be stored, defaults filled in; faults from the schema and from the plugin.
nlohmann::json check_config(const engine_context& context, const std::string& type, nlohmann::json config, faults& out) {
  if (!config.is_object()) {
    out.push_back({"/config", "type", "config is an object"});
    return config;
  }
  config = context.schemas.find(type)->second.with_defaults(std::move(config));
  for (auto& fault : context.plugins.find(type)->validate(config)) {
    fault.pointer.insert(0, "/config");
    out.push_back(std::move(fault));
  }
  return config;
}

/// Batches only where the handler takes them: a policy that does nothing would be a wish granted in words.
void check_batch(const engine_context& context, const core::destination& d, faults& out) {
  const auto* type = context.plugins.find(d.type);
  if (d.policy.batch.max_count.value_or(1) <= 1 || type == nullptr || type->has_feature("batch")) return;
  out.push_back({"/policy/batch/maxCount", "unsupported", "a destination of type '" + d.type + "' takes no batches"});
}

tl::unexpected<core::error> refuse(faults out) {
  return core::fail({core::error_code::validation_error, "the destination is not valid", std::move(out), std::nullopt});
}

}  // namespace

core::result<checked_destination> check_new_destination(const engine_context& context, const core::destination_input& input) {
  faults out;
  checked_destination checked;
  auto& d = checked.resource;
  if (!input.label) out.push_back({"/label", "required", "label is missing"});
  lay_over(d, input, out);
  if (!input.type) {
    out.push_back({"/type", "required", "type is missing"});
  } else if (context.plugins.find(*input.type) == nullptr) {
    out.push_back({"/type", "enum", "no plugin of type '" + *input.type + "' is loaded"});
  } else {
    d.type = *input.type;
    if (input.config) checked.clear_config = check_config(context, d.type, *input.config, out);
  }
  if (!input.config) out.push_back({"/config", "required", "config is missing"});
  check_batch(context, d, out);
  if (!out.empty()) return refuse(std::move(out));
  return checked;
}

core::result<checked_destination> check_changed_destination(const engine_context& context, const core::destination& stored,
                                                            const core::destination_input& input, core::update_kind kind) {
  auto schema = context.schemas.find(stored.type);
  if (schema == context.schemas.end())
    return core::fail(core::error_code::conflict, "no plugin of type '" + stored.type + "' is loaded");
  auto clear = schema->second.unseal(stored.config, context.box, engine_context::seal_context(stored.organization, stored.id));
  if (!clear) return core::fail(clear.error());

  faults out;
  checked_destination checked{stored, *clear};
  auto& d = checked.resource;
  if (input.type && *input.type != stored.type)
    out.push_back({"/type", "immutable", "the type of a destination cannot change"});
  if (kind == core::update_kind::replace) {
    if (!input.label) out.push_back({"/label", "required", "label is missing"});
    if (!input.config) out.push_back({"/config", "required", "config is missing"});
    d.policy = {};
    d.tags.clear();
    d.metadata = nlohmann::json::object();
  }
  auto laid = input;
  if (kind == core::update_kind::merge && input.policy) {
    laid.policy = core::to_json(stored.policy);
    laid.policy->merge_patch(*input.policy);
  }
  if (kind == core::update_kind::merge && input.metadata && input.metadata->is_object()) {
    laid.metadata = stored.metadata;
    laid.metadata->merge_patch(*input.metadata);
  }
  lay_over(d, laid, out);
  check_batch(context, d, out);
  if (input.config) {
    auto wanted = kind == core::update_kind::merge ? *clear : *input.config;
    if (kind == core::update_kind::merge) {
      // The mark in a patch would overwrite the value before it can be told from a new one: keep the value first.
      wanted.merge_patch(schema->second.keep_redacted(*input.config, *clear));
    } else {
      wanted = schema->second.keep_redacted(std::move(wanted), *clear);
    }
    checked.clear_config = check_config(context, d.type, std::move(wanted), out);
  }
  if (!out.empty()) return refuse(std::move(out));
  return checked;
}

}  // namespace waybill::actors
