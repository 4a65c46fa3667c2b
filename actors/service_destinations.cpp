// SPDX-License-Identifier: Apache-2.0
// The service's part for destinations: creating, changing, testing, enabling.
#include <algorithm>
#include <limits>

#include "actors/caf_compat.hpp"
#include "actors/destination_input.hpp"
#include "actors/destination_loader.hpp"
#include "actors/engine_service.hpp"
#include "actors/messages.hpp"
#include "actors/signing_secrets.hpp"
#include "core/telemetry/log.hpp"

namespace waybill::actors {
namespace {

core::result<core::connection_test> test_result(const core::attempt_result& r, core::milliseconds took) {
  core::connection_test test;
  test.ok = r.action == core::attempt_action::delivered;
  test.category = r.category;
  test.code = r.code;
  test.detail = r.detail.empty() ? r.message : r.detail;
  test.duration = took;
  return test;
}

core::error test_failed(const core::connection_test& test) {
  return {core::error_code::connection_test_failed,
          "the connection test failed: " + test.detail,
          {{"/config", std::string(core::to_string(test.category)), test.detail}},
          std::nullopt};
}

/// Their names only: values may be secrets.
nlohmann::json changed_members(const core::destination_input& input) {
  auto names = nlohmann::json::array();
  const auto add = [&](bool set, const char* name) {
    if (set) names.push_back(name);
  };
  add(input.type.has_value(), "type");
  add(input.label.has_value(), "label");
  add(input.config.has_value(), "config");
  add(input.policy.has_value(), "policy");
  add(input.tags.has_value(), "tags");
  add(input.metadata.has_value(), "metadata");
  return names;
}

}  // namespace

// ---- creating and changing -----------------------------------------------------------------------------------------

void engine_service::create_destination(const core::caller& who, core::destination_input input, bool test_first,
                                        core::reply<core::created_destination> reply) {
  if (auto allowed = require(who, allow::administer); !allowed) return reply(core::fail(std::move(allowed.error())));
  if (!who.only_destinations.empty())
    return reply(core::fail(core::error_code::forbidden, "a key narrowed to destinations cannot make new ones"));
  // On a reader thread: a plugin's validation may take a while.
  context_.readers.run([this, who, input = std::move(input), test_first, reply](core::read_session* session) {
    if (session == nullptr) return reply(core::fail(core::error_code::shutting_down, "the node is shutting down"));
    auto checked = check_new_destination(context_, input);
    if (!checked) return reply(core::fail(std::move(checked.error())));
    auto d = std::move(checked->resource);
    d.id = core::destination_id::make();
    d.organization = who.organization;
    d.created_at = d.updated_at = context_.time.now();
    if (!test_first) return save_new(who, std::move(d), std::move(checked->clear_config), reply);
    auto clear = checked->clear_config;
    connect_and_test(d, std::move(checked->clear_config), [=](core::result<core::connection_test> test) {
      if (!test) return reply(core::fail(test.error()));
      if (!test->ok) return reply(core::fail(test_failed(*test)));
      save_new(who, d, clear, reply);
    });
  });
}

void engine_service::save_new(const core::caller& who, core::destination d, nlohmann::json clear,
                              core::reply<core::created_destination> reply) {
  const auto seal_context = engine_context::seal_context(d.organization, d.id);
  d.config = context_.schemas.find(d.type)->second.seal(std::move(clear), context_.box, seal_context);
  core::created_destination made;
  std::vector<core::signing_secret> secrets;
  if (uses_signing_secrets(context_, d.type)) {
    made.generated_secret = generate_secret(d.id, default_algorithm, context_.time.now());
    secrets.push_back(sealed(*made.generated_secret, context_.box, seal_context));
  }
  made.resource = shown(d);
  write_once<core::created_destination>(
      who, std::move(reply),
      audited<core::created_destination>(
          who, "destination.created",
          [](const core::created_destination& c) {
            return audit_note{c.resource.id.to_string(), {{"type", c.resource.type}}};
          },
          [made = std::move(made), d, secrets](core::write_session& session) -> core::result<core::created_destination> {
            if (auto done = session.create_destination(d, secrets); !done) return core::fail(done.error());
            return made;
          }),
      [this](const core::created_destination& created) { context_.directory.put(created.resource); });
}

void engine_service::update_destination(const core::caller& who, core::destination_id id, core::destination_input input,
                                        core::update_kind kind, std::uint64_t expected_version, bool test_first,
                                        core::reply<core::destination> reply) {
  if (auto allowed = require(who, allow::administer); !allowed) return reply(core::fail(std::move(allowed.error())));
  context_.readers.run([=, input = std::move(input)](core::read_session* session) {
    if (session == nullptr) return reply(core::fail(core::error_code::shutting_down, "the node is shutting down"));
    auto stored = own_destination(who, *session, id);
    if (!stored) return reply(core::fail(stored.error()));
    if (expected_version != 0 && stored->version != expected_version)
      return reply(core::fail(core::error_code::precondition_failed, "the destination was changed in the meantime"));
    auto checked = check_changed_destination(context_, *stored, input, kind);
    if (!checked) return reply(core::fail(std::move(checked.error())));
    auto d = std::move(checked->resource);
    d.updated_at = context_.time.now();
    const auto seal_context = engine_context::seal_context(d.organization, d.id);
    d.config = context_.schemas.find(d.type)->second.seal(checked->clear_config, context_.box, seal_context);
    auto changed = changed_members(input);
    if (!test_first) return save_changed(who, std::move(d), stored->version, std::move(changed), reply);
    auto secrets = session->signing_secrets(id);
    if (!secrets) return reply(core::fail(secrets.error()));
    auto clear = clear_config(context_, d, *secrets);
    if (!clear) return reply(core::fail(clear.error()));
    connect_and_test(d, *std::move(clear), [=](core::result<core::connection_test> test) {
      if (!test) return reply(core::fail(test.error()));
      if (!test->ok) return reply(core::fail(test_failed(*test)));
      save_changed(who, d, stored->version, changed, reply);
    });
  });
}

void engine_service::save_changed(const core::caller& who, core::destination d, std::uint64_t expected_version,
                                  nlohmann::json members, core::reply<core::destination> reply) {
  write<core::destination>(
      std::move(reply),
      audited<core::destination>(
          who, "destination.changed",
          [members = std::move(members)](const core::destination& c) {
            return audit_note{c.id.to_string(), {{"changed", members}}};
          },
          [d = std::move(d), expected_version](core::write_session& session) -> core::result<core::destination> {
            if (auto done = session.update_destination(d, expected_version); !done) return core::fail(done.error());
            return session.get_destination(d.organization, d.id);
          }),
      [this](core::destination& changed) {
        context_.directory.put(changed);
        caf::anon_send(registry_, reconfigure{changed.id});
        changed = shown(std::move(changed));
      });
}

void engine_service::delete_destination(const core::caller& who, core::destination_id id, std::uint64_t expected_version,
                                        core::reply<void> reply) {
  if (auto allowed = require(who, allow::administer); !allowed) return reply(core::fail(std::move(allowed.error())));
  if (!in_reach(who, id)) return reply(core::fail(core::error_code::destination_not_found, "no such destination"));
  write<std::vector<core::task>>(
      [reply](core::result<std::vector<core::task>> tasks) {
        if (!tasks) return reply(core::fail(tasks.error()));
        reply({});
      },
      audited<std::vector<core::task>>(
          who, "destination.deleted",
          [id](const std::vector<core::task>& cancelled) {
            return audit_note{id.to_string(), {{"cancelledTasks", cancelled.size()}}};
          },
          [this, who, id, expected_version](core::write_session& session) -> core::result<std::vector<core::task>> {
            if (auto own = own_destination(who, session, id); !own) return core::fail(own.error());
            return session.delete_destination(who.organization, id, expected_version, context_.time.now());
          }),
      [this, id](std::vector<core::task>& cancelled) {
        context_.ledger.forget(id);
        context_.directory.remove(id);
        caf::anon_send(registry_, tasks_withdrawn{cancelled});
        caf::anon_send(registry_, remove_destination{id});
      });
}

void engine_service::set_destination_state(const core::caller& who, core::destination_id id, core::destination_state state,
                                           std::string reason, core::reply<core::destination> reply) {
  if (auto allowed = require(who, allow::operate); !allowed) return reply(core::fail(std::move(allowed.error())));
  write<core::destination>(
      std::move(reply),
      audited<core::destination>(
          who, state == core::destination_state::enabled ? "destination.enabled" : "destination.disabled",
          [](const core::destination& d) { return audit_note{d.id.to_string()}; },
          [this, who, id, state, reason = std::move(reason)](core::write_session& session) -> core::result<core::destination> {
            if (auto own = own_destination(who, session, id); !own) return own;
            return session.set_destination_state(who.organization, id, state, reason, context_.time.now());
          }),
      [this](core::destination& changed) {
        context_.directory.set_state(changed.id, changed.state);
        context_.ledger.set_parked(changed.organization, changed.id, changed.state == core::destination_state::disabled);
        caf::anon_send(registry_, reconfigure{changed.id});
        changed = shown(std::move(changed));
      });
}

// ---- reading -------------------------------------------------------------------------------------------------------

void engine_service::get_destination(const core::caller& who, core::destination_id id, core::reply<core::destination> reply) {
  read(who, allow::read, std::move(reply), [this, who, id](core::read_session& session) -> core::result<core::destination> {
    auto found = own_destination(who, session, id);
    if (!found) return found;
    return shown(*std::move(found));
  });
}

void engine_service::list_destinations(const core::caller& who, core::destination_filter filter, core::page_request page,
                                       core::reply<core::page<core::destination>> reply) {
  read(who, allow::read, std::move(reply),
       [this, who, filter = std::move(filter),
        page = std::move(page)](core::read_session& session) -> core::result<core::page<core::destination>> {
         auto found = session.list_destinations(who.organization, filter, page);
         if (!found) return found;
         std::vector<core::destination> kept;
         for (auto& item : found->items)
           if (in_reach(who, item.id)) kept.push_back(shown(std::move(item)));
         found->items = std::move(kept);
         return found;
       });
}

void engine_service::get_health(const core::caller& who, core::destination_id id, core::reply<core::destination_health> reply) {
  read<core::destination_health>(
      who, allow::read,
      [this, id, reply](core::result<core::destination_health> health) {
        if (!health) return reply(std::move(health));
        auto stored = std::make_shared<core::destination_health>(*std::move(health));
        caf::anon_send(registry_, ask_live{id, [stored, reply](std::optional<live_health> live) {
                                             if (live) {
                                               stored->response_p50 = live->p50;
                                               stored->response_p95 = live->p95;
                                               stored->response_p99 = live->p99;
                                             }
                                             reply(*stored);
                                           }});
      },
      [this, who, id](core::read_session& session) -> core::result<core::destination_health> {
        if (auto own = own_destination(who, session, id); !own) return core::fail(own.error());
        return session.get_health(id);
      });
}

void engine_service::get_destination_queue(const core::caller& who, core::destination_id id,
                                           core::reply<core::queue_report> reply) {
  read<core::queue_report>(
      who, allow::read,
      [this, id, reply](core::result<core::queue_report> report) {
        if (!report) return reply(std::move(report));
        caf::anon_send(registry_, ask_live{id, [stored = *report, reply](std::optional<live_health> live) mutable {
                                             stored.active_destinations = live ? 1 : 0;
                                             if (live) {
                                               stored.in_flight = live->in_flight;
                                               stored.pace = live->pace;
                                             }
                                             reply(stored);
                                           }});
      },
      [this, who, id](core::read_session& session) -> core::result<core::queue_report> {
        if (auto own = own_destination(who, session, id); !own) return core::fail(own.error());
        core::queue_report report;
        report.max_waiting = context_.ledger.limit_of(who.organization);
        report.lag = context_.lag.of(who.organization, context_.time.monotonic());
        if (const auto depth = context_.ledger.of(id); depth.total() >= backlog_view::long_queue) {
          report.stored = context_.backlog.of(id, depth);
          return report;
        }
        auto stats = session.destination_queue(id, context_.time.now());
        if (!stats) return core::fail(stats.error());
        report.stored = *stats;
        return report;
      });
}

void engine_service::destination_types(const core::caller& who, core::reply<std::vector<core::destination_type>> reply) {
  if (auto allowed = require(who, allow::read); !allowed) return reply(core::fail(std::move(allowed.error())));
  std::vector<core::destination_type> types;
  for (const auto* type : context_.plugins.types())
    types.push_back({type->type(), type->title(), type->version(), type->feature_names(), type->config_schema()});
  reply(std::move(types));
}

// ---- connection tests ----------------------------------------------------------------------------------------------

void engine_service::test_destination(const core::caller& who, core::destination_id id,
                                      core::reply<core::connection_test> reply) {
  if (auto allowed = require(who, allow::operate); !allowed) return reply(core::fail(std::move(allowed.error())));
  context_.readers.run([this, who, id, reply](core::read_session* session) {
    if (session == nullptr) return reply(core::fail(core::error_code::shutting_down, "the node is shutting down"));
    auto d = own_destination(who, *session, id);
    if (!d) return reply(core::fail(d.error()));
    auto secrets = session->signing_secrets(id);
    if (!secrets) return reply(core::fail(secrets.error()));
    auto clear = clear_config(context_, *d, *secrets);
    if (!clear) return reply(core::fail(clear.error()));
    connect_and_test(*d, *std::move(clear), reply);
  });
}

void engine_service::test_destination(const core::caller& who, core::destination_input input,
                                      core::reply<core::connection_test> reply) {
  if (auto allowed = require(who, allow::operate); !allowed) return reply(core::fail(std::move(allowed.error())));
  context_.readers.run([this, input = std::move(input), reply](core::read_session* session) {
    if (session == nullptr) return reply(core::fail(core::error_code::shutting_down, "the node is shutting down"));
    auto checked = check_new_destination(context_, input);
    if (!checked) return reply(core::fail(std::move(checked.error())));
    checked->resource.id = core::destination_id::make();
    connect_and_test(checked->resource, std::move(checked->clear_config), reply);
  });
}

void engine_service::connect_and_test(const core::destination& d, nlohmann::json clear,
                                      core::reply<core::connection_test> reply) {
  const auto* type = context_.plugins.find(d.type);
  if (uses_signing_secrets(context_, d.type) && !clear.contains("signingSecrets")) {
    auto throwaway = generate_secret(d.id, default_algorithm, context_.time.now());
    clear["signingSecrets"] = nlohmann::json::array(
        {{{"id", throwaway.id.to_string()}, {"algorithm", throwaway.algorithm}, {"secret", throwaway.secret}}});
  }
  auto opened = type->open(clear, d.id, context_.services);
  if (!opened) return reply(core::fail(opened.error()));
  auto handler = *std::move(opened);
  const auto started = context_.time.monotonic();
  // Held here and by the completion: whichever of the two ends last lets it go, also when it completes inside the call.
  handler->test_connection(
      started + context_.settings.queue.attempt_timeout, [this, handler, started, reply](const core::attempt_result& r) {
        const auto took = std::chrono::duration_cast<core::milliseconds>(context_.time.monotonic() - started);
        reply(test_result(r, took));
      });
}

}  // namespace waybill::actors
