// SPDX-License-Identifier: Apache-2.0
// The service's part for deliveries, their retry and cancellation.
#include <algorithm>

#include "actors/caf_compat.hpp"
#include "actors/engine_service.hpp"
#include "actors/job_actor.hpp"
#include "actors/messages.hpp"

namespace waybill::actors {
namespace {

/// A key that may hand in deliveries and nothing else reads only its own (api.md, roles).
bool sees_own_only(const core::caller& who) {
  return who.roles.has(core::role::producer) && !who.roles.has(core::role::engine) &&
         !who.roles.any(static_cast<std::uint8_t>(allow::read));
}

/// A narrowed key sees the tasks of its own destinations; nothing if none of them is among these.
core::result<core::delivery_view> narrowed(const core::caller& who, core::delivery_view view) {
  if (who.only_destinations.empty()) return view;
  const auto foreign = [&](const core::task_view& t) {
    return std::find(who.only_destinations.begin(), who.only_destinations.end(), t.destination) == who.only_destinations.end();
  };
  view.tasks.erase(std::remove_if(view.tasks.begin(), view.tasks.end(), foreign), view.tasks.end());
  if (view.tasks.empty()) return core::fail(core::error_code::delivery_not_found, "no such delivery");
  return view;
}

/// The destinations an action may touch: those asked for, within the key's narrowing.
core::result<std::vector<core::destination_id>> in_scope(const core::caller& who, std::vector<core::destination_id> wanted) {
  if (who.only_destinations.empty()) return wanted;
  if (wanted.empty()) return who.only_destinations;
  for (const auto& id : wanted)
    if (std::find(who.only_destinations.begin(), who.only_destinations.end(), id) == who.only_destinations.end())
      return core::fail(core::error_code::destination_not_found, "no such destination: " + id.to_string());
  return wanted;
}

}  // namespace

void engine_service::deliver(const core::caller& who, core::delivery_request request,
                             core::reply<core::delivery_receipt> reply) {
  if (auto allowed = require(who, allow::deliver); !allowed) return reply(core::fail(std::move(allowed.error())));
  if (request.organization && *request.organization != who.organization) {
    report_foreign(who, "organization", request.organization->to_string());
    return reply(core::fail(core::error_code::forbidden, "the key belongs to another organization"));
  }
  auto what = std::make_shared<submission>(submission{who, std::move(request), std::move(reply), std::nullopt});
  if (!what->request.payload) return caf::anon_send(intake_, submit{std::move(what)});
  auto next = [this, what](core::result<core::payload> found) {
    if (!found) return what->reply(core::fail(std::move(found.error())));
    what->payload = *std::move(found);
    caf::anon_send(intake_, submit{what});
  };
  read<core::payload>(who, allow::deliver, std::move(next),
                      [this, what](core::read_session& session) { return own_payload(what->caller, session, what->request); });
}

core::result<core::delivery_view> engine_service::own_delivery(const core::caller& who, core::read_session& session,
                                                               core::delivery_id id) const {
  auto view = session.get_delivery(who.organization, id, true);
  if (view && sees_own_only(who) && view->head.created_by != who.key)
    return core::fail(core::error_code::delivery_not_found, "no such delivery");
  if (view) show_links(session, *view);
  if (view) return narrowed(who, *std::move(view));
  if (view.error().code == core::error_code::delivery_not_found) {
    auto owner = session.owner_of(id);
    if (owner && *owner && **owner != who.organization) report_foreign(who, "delivery", id.to_string());
  }
  return view;
}

void engine_service::get_delivery(const core::caller& who, core::delivery_id id, core::reply<core::delivery_view> reply) {
  read(who, allow::read_deliveries, std::move(reply),
       [this, who, id](core::read_session& session) { return own_delivery(who, session, id); });
}

void engine_service::list_deliveries(const core::caller& who, core::delivery_filter filter, core::page_request page,
                                     core::reply<core::page<core::delivery_view>> reply) {
  read(who, allow::read_deliveries, std::move(reply),
       [this, who, filter = std::move(filter),
        page = std::move(page)](core::read_session& session) -> core::result<core::page<core::delivery_view>> {
         auto wanted = filter;
         if (sees_own_only(who)) wanted.created_by = who.key;
         auto found = session.list_deliveries(who.organization, wanted, page);
         if (!found) return found;
         for (auto& item : found->items) show_links(session, item);
         if (who.only_destinations.empty()) return found;
         std::vector<core::delivery_view> kept;
         for (auto& item : found->items)
           if (auto view = narrowed(who, std::move(item))) kept.push_back(*std::move(view));
         found->items = std::move(kept);
         return found;
       });
}

void engine_service::get_payload(const core::caller& who, core::delivery_id id, core::reply<core::delivery_ptr> reply) {
  read(who, allow::read_deliveries, std::move(reply),
       [this, who, id](core::read_session& session) -> core::result<core::delivery_ptr> {
         if (auto view = own_delivery(who, session, id); !view) return core::fail(view.error());
         return session.content(who.organization, id);
       });
}

void engine_service::get_attempt(const core::caller& who, core::delivery_id id, core::attempt_id attempt,
                                 core::reply<core::attempt> reply) {
  read(who, allow::read_deliveries, std::move(reply),
       [this, who, id, attempt](core::read_session& session) -> core::result<core::attempt> {
         auto view = own_delivery(who, session, id);
         if (!view) return core::fail(view.error());
         auto found = session.get_attempt(who.organization, id, attempt);
         if (!found) return found;
         const auto its_task = [&](const core::task_view& t) { return t.id == found->task; };
         if (std::none_of(view->tasks.begin(), view->tasks.end(), its_task))
           return core::fail(core::error_code::attempt_not_found, "no such attempt");
         found->result.external_reference = shown_reference(session, who.organization, id, found->result.external_reference);
         return found;
       });
}

void engine_service::retry_delivery(const core::caller& who, core::delivery_id id, std::vector<core::destination_id> only,
                                    core::reply<core::delivery_view> reply) {
  if (auto allowed = require(who, allow::operate); !allowed) return reply(core::fail(std::move(allowed.error())));
  auto scope = in_scope(who, std::move(only));
  if (!scope) return reply(core::fail(scope.error()));
  auto revived = std::make_shared<std::vector<core::task>>();
  write_once<core::delivery_view>(
      who, std::move(reply),
      audited<core::delivery_view>(
          who, "delivery.retried",
          [id, revived](const core::delivery_view&) {
            return audit_note{id.to_string(), {{"tasks", revived->size()}}};
          },
          [this, who, id, revived,
           wanted = *std::move(scope)](core::write_session& session) -> core::result<core::delivery_view> {
            auto tasks = session.retry(who.organization, id, wanted, context_.epoch, context_.time.now());
            if (!tasks) return core::fail(tasks.error());
            if (tasks->empty()) return core::fail(core::error_code::conflict, "the delivery has no failed task to retry");
            *revived = *std::move(tasks);
            return own_delivery(who, session, id);
          }),
      [this, revived](const core::delivery_view&) { announce_revived(context_, registry_, *revived); });
}

void engine_service::cancel_delivery(const core::caller& who, core::delivery_id id, std::vector<core::destination_id> only,
                                     core::reply<core::delivery_view> reply) {
  if (auto allowed = require(who, allow::operate | allow::deliver); !allowed)
    return reply(core::fail(std::move(allowed.error())));
  auto scope = in_scope(who, std::move(only));
  if (!scope) return reply(core::fail(scope.error()));
  auto cancelled = std::make_shared<std::vector<core::task>>();
  write_once<core::delivery_view>(
      who, std::move(reply),
      audited<core::delivery_view>(
          who, "delivery.cancelled",
          [id, cancelled](const core::delivery_view&) {
            return audit_note{id.to_string(), {{"tasks", cancelled->size()}}};
          },
          [this, who, id, cancelled,
           wanted = *std::move(scope)](core::write_session& session) -> core::result<core::delivery_view> {
            if (auto own = own_delivery(who, session, id); !own) return own;
            auto tasks = session.cancel(who.organization, id, wanted, context_.time.now());
            if (!tasks) return core::fail(tasks.error());
            if (tasks->empty()) return core::fail(core::error_code::conflict, "nothing of the delivery is waiting any more");
            *cancelled = *std::move(tasks);
            return own_delivery(who, session, id);
          }),
      [this, cancelled](const core::delivery_view&) {
        context_.ledger.removed(*cancelled);
        caf::anon_send(registry_, tasks_withdrawn{*cancelled});
      });
}

}  // namespace waybill::actors
