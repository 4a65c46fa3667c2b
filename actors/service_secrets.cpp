// SPDX-License-Identifier: Apache-2.0
// The service's part for signing secrets and their rotation (requirements 4.4 and 4.5).
#include <algorithm>

#include "actors/caf_compat.hpp"
#include "actors/engine_service.hpp"
#include "actors/messages.hpp"
#include "actors/signing_secrets.hpp"

namespace waybill::actors {
namespace {

constexpr std::size_t max_live_secrets = 8;  // each signs every delivery: the header would grow without end
constexpr core::milliseconds longest_overlap{30LL * 24 * 60 * 60 * 1'000};

core::result<void> check(const core::secret_input& input, std::string_view secret) {
  core::error wrong{core::error_code::validation_error, "the secret is not valid", {}, std::nullopt};
  if (auto fault = check_secret(input.algorithm, secret)) wrong.fields.push_back(*std::move(fault));
  if (input.overlap && (input.overlap->count() < 0 || *input.overlap > longest_overlap))
    wrong.fields.push_back({"/overlapMs", "range", "overlapMs is between 0 and 30 days"});
  if (!wrong.fields.empty()) return core::fail(std::move(wrong));
  return {};
}

/// Every live secret but the new one ends after the overlap, unless it ends sooner anyway.
core::result<void> expire_older(core::write_session& session, const core::signing_secret& fresh, core::utc_time at) {
  auto live = session.signing_secrets(fresh.destination);
  if (!live) return core::fail(live.error());
  for (const auto& older : *live) {
    if (older.id == fresh.id || (older.expires_at && *older.expires_at <= at)) continue;
    if (auto done = session.expire_signing_secret(fresh.destination, older.id, at); !done) return done;
  }
  return {};
}

}  // namespace

void engine_service::list_secrets(const core::caller& who, core::destination_id id,
                                  core::reply<std::vector<core::signing_secret>> reply) {
  read(who, allow::administer, std::move(reply),
       [this, who, id](core::read_session& session) -> core::result<std::vector<core::signing_secret>> {
         if (auto own = own_destination(who, session, id); !own) return core::fail(own.error());
         auto secrets = session.signing_secrets(id);
         if (!secrets) return secrets;
         const auto now = context_.time.now();
         secrets->erase(std::remove_if(secrets->begin(), secrets->end(),
                                       [&](const auto& s) { return s.expires_at && *s.expires_at <= now; }),
                        secrets->end());
         const auto days = context_.settings.security.secret_rotation_days;
         for (auto& secret : *secrets) {
           secret.secret.clear();
           if (days > 0 && !secret.expires_at) secret.rotation_due_at = secret.created_at + std::chrono::hours(24) * days;
         }
         return secrets;
       });
}

void engine_service::add_secret(const core::caller& who, core::destination_id id, core::secret_input input,
                                core::reply<core::signing_secret> reply) {
  keep_secret(who, id, std::move(input), false, std::move(reply));
}

void engine_service::rotate_secret(const core::caller& who, core::destination_id id, core::secret_input input,
                                   core::reply<core::signing_secret> reply) {
  keep_secret(who, id, std::move(input), true, std::move(reply));
}

void engine_service::keep_secret(const core::caller& who, core::destination_id id, core::secret_input input, bool rotate,
                                 core::reply<core::signing_secret> reply) {
  if (auto allowed = require(who, allow::administer); !allowed) return reply(core::fail(std::move(allowed.error())));
  const auto now = context_.time.now();
  auto fresh = generate_secret(id, input.algorithm, now);
  if (input.secret) {
    fresh.secret = *input.secret;
    fresh.customer_supplied = true;
  }
  if (auto fine = check(input, fresh.secret); !fine) return reply(core::fail(std::move(fine.error())));
  const auto expiry = now + input.overlap.value_or(context_.settings.security.secret_overlap);
  write_once<core::signing_secret>(
      who, std::move(reply),
      audited<core::signing_secret>(
          who, rotate ? "secret.rotated" : "secret.added",
          [id](const core::signing_secret& s) {
            return audit_note{id.to_string(), {{"secretId", s.id.to_string()}, {"customerSupplied", s.customer_supplied}}};
          },
          [this, who, id, fresh, rotate, expiry](core::write_session& session) -> core::result<core::signing_secret> {
            auto own = own_destination(who, session, id);
            if (!own) return core::fail(own.error());
            if (!uses_signing_secrets(context_, own->type))
              return core::fail(core::error_code::conflict, "destinations of type '" + own->type + "' do not sign");
            auto live = session.signing_secrets(id);
            if (!live) return core::fail(live.error());
            if (live->size() >= max_live_secrets)
              return core::fail(core::error_code::conflict, "the destination has eight live secrets; delete one first");
            const auto context = engine_context::seal_context(own->organization, id);
            if (auto done = session.add_signing_secret(sealed(fresh, context_.box, context)); !done)
              return core::fail(done.error());
            if (rotate)
              if (auto done = expire_older(session, fresh, expiry); !done) return core::fail(done.error());
            auto seen = fresh;
            if (seen.customer_supplied) seen.secret.clear();  // whoever brought it has it
            return seen;
          }),
      [this](const core::signing_secret& kept) { caf::anon_send(registry_, reconfigure{kept.destination}); });
}

void engine_service::delete_secret(const core::caller& who, core::destination_id id, core::secret_id secret,
                                   core::reply<void> reply) {
  if (auto allowed = require(who, allow::administer); !allowed) return reply(core::fail(std::move(allowed.error())));
  write<bool>(
      [reply](core::result<bool> done) {
        if (!done) return reply(core::fail(done.error()));
        reply({});
      },
      audited<bool>(
          who, "secret.deleted",
          [id, secret](bool) {
            return audit_note{id.to_string(), {{"secretId", secret.to_string()}}};
          },
          [this, who, id, secret](core::write_session& session) -> core::result<bool> {
            if (auto own = own_destination(who, session, id); !own) return core::fail(own.error());
            const auto now = context_.time.now();
            auto live = session.signing_secrets(id);
            if (!live) return core::fail(live.error());
            const bool last = live->size() == 1 && live->front().id == secret;
            if (last) return core::fail(core::error_code::conflict, "the last signing secret cannot be deleted; rotate it");
            if (auto done = session.expire_signing_secret(id, secret, now); !done) return core::fail(done.error());
            return true;
          }),
      [this, id](bool) { caf::anon_send(registry_, reconfigure{id}); });
}

}  // namespace waybill::actors
