// SPDX-License-Identifier: Apache-2.0
#include "actors/destination_loader.hpp"

#include <algorithm>

#include "actors/signing_secrets.hpp"

namespace waybill::actors {
namespace {

core::result<nlohmann::json> clear_signing_secrets(engine_context& context, const std::string& seal_context,
                                                   const std::vector<core::signing_secret>& secrets, core::utc_time now) {
  auto list = nlohmann::json::array();
  for (const auto& secret : secrets) {
    if (secret.expires_at && *secret.expires_at <= now) continue;
    auto clear = context.box.open(secret.secret, seal_context);
    if (!clear) return core::fail(clear.error());
    list.push_back({{"id", secret.id.to_string()}, {"algorithm", secret.algorithm}, {"secret", *std::move(clear)}});
  }
  return list;
}

std::optional<core::milliseconds> own_timeout(const nlohmann::json& config) {
  const auto found = config.find("timeoutMs");
  if (found == config.end() || !found->is_number_unsigned()) return std::nullopt;
  return core::milliseconds{found->get<std::uint32_t>()};
}

core::result<void> open_handler(engine_context& context, core::read_session& session, core::destination_id id, opened& out) {
  auto loaded = session.load_destination(id);
  if (!loaded) return core::fail(loaded.error());
  auto secrets = session.signing_secrets(id);
  if (!secrets) return core::fail(secrets.error());
  auto health = session.get_health(id);
  if (!health) return core::fail(health.error());
  auto organization = session.get_organization(loaded->organization);
  if (!organization) return core::fail(organization.error());

  out.health = *std::move(health);
  out.policy = loaded->policy.over(organization->policy.over(context.settings.default_policy()));
  out.share = organization->policy.share();
  for (const auto& secret : *secrets)
    if (secret.expires_at && (!out.secrets_change_at || *secret.expires_at < *out.secrets_change_at))
      out.secrets_change_at = secret.expires_at;
  const auto* settings = &*loaded;
  out.settings = destination_brief{settings->organization, settings->type, settings->state, own_timeout(settings->config)};
  if (settings->state == core::destination_state::disabled) return {};

  const auto* type = context.plugins.find(settings->type);
  if (type == nullptr)
    return core::fail(core::error_code::destination_type_not_found, "no plugin of type '" + settings->type + "' is loaded");
  if (!type->has_feature("batch")) out.policy.batch.max_count = 1;  // asked for by its organization, for those that can
  auto config = clear_config(context, *settings, *secrets);
  if (!config) return core::fail(config.error());
  auto handler = type->open(*config, id, context.services);
  if (!handler) return core::fail(handler.error());
  out.handler = *std::move(handler);
  return {};
}

}  // namespace

core::result<nlohmann::json> clear_config(engine_context& context, const core::destination& d,
                                          const std::vector<core::signing_secret>& secrets) {
  const auto seal_context = engine_context::seal_context(d.organization, d.id);
  auto schema = context.schemas.find(d.type);
  if (schema == context.schemas.end())
    return core::fail(core::error_code::destination_type_not_found, "no plugin of type '" + d.type + "' is loaded");
  auto config = schema->second.unseal(d.config, context.box, seal_context);
  if (!config) return config;
  config = schema->second.with_defaults(*std::move(config));
  if (uses_signing_secrets(context, d.type)) {
    auto list = clear_signing_secrets(context, seal_context, secrets, context.time.now());
    if (!list) return list;
    (*config)["signingSecrets"] = *std::move(list);
  }
  return config;
}

opened load_destination(engine_context& context, core::read_session& session, core::destination_id id) {
  opened out;
  if (auto done = open_handler(context, session, id, out); !done) out.failure = done.error();
  return out;
}

}  // namespace waybill::actors
