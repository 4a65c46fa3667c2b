// SPDX-License-Identifier: Apache-2.0
// The service's part for download links, as their owners see them. Who fetches by one is in download_desk.
#include <utility>

#include "actors/engine_service.hpp"
#include "core/links/link_password.hpp"

namespace waybill::actors {
namespace {

tl::unexpected<core::error> no_such_link() {
  return core::fail(core::error_code::link_not_found, "there is no such download link");
}

audit_note note_of(const core::download_link& link) {
  return {link.id.to_string(), {{"deliveryId", link.delivery.to_string()}}};
}

}  // namespace

core::shown_link engine_service::shown(core::download_link link) const {
  auto url = context_.links.url(link.base_url, link.organization, link.id);
  return {std::move(link), std::move(url)};
}

core::result<core::download_link> engine_service::own_link(const core::caller& who, core::read_session& session,
                                                           core::link_id id) const {
  auto found = session.get_link(who.organization, id);
  if (found && !in_reach(who, found->destination)) return no_such_link();
  if (!found && found.error().code == core::error_code::link_not_found) {
    auto owner = session.link_owner(id);
    if (owner && *owner && **owner != who.organization) report_foreign(who, "download_link", id.to_string());
    return no_such_link();
  }
  return found;
}

/// What is kept of a link in place of itself, made whole for whoever reads the delivery it leads to.
void engine_service::show_links(core::read_session& session, core::delivery_view& view) const {
  for (auto& task : view.tasks)
    task.external_reference = shown_reference(session, view.head.organization, view.head.id, task.external_reference);
}

std::string engine_service::shown_reference(core::read_session& session, core::organization_id org, core::delivery_id of,
                                            const std::string& reference) const {
  const auto id = core::link_id::parse(reference);
  if (!id) return reference;
  const auto link = session.get_link(org, *id);
  if (!link || link->delivery != of) return reference;
  return context_.links.url(link->base_url, org, *id);
}

void engine_service::list_links(const core::caller& who, core::link_filter filter, core::page_request page,
                                core::download_answer<core::page<core::shown_link>> reply) {
  using answer_type = core::page<core::shown_link>;
  read(who, allow::read, core::reply<answer_type>(std::move(reply)),
       [this, who, filter = std::move(filter),
        page = std::move(page)](core::read_session& session) -> core::result<answer_type> {
         auto found = session.list_links(who.organization, filter, page);
         if (!found) return core::fail(found.error());
         answer_type links;
         links.next_cursor = std::move(found->next_cursor);
         for (auto& link : found->items)
           if (in_reach(who, link.destination)) links.items.push_back(shown(std::move(link)));
         return links;
       });
}

void engine_service::get_link(const core::caller& who, core::link_id id, core::download_answer<core::shown_link> reply) {
  read(who, allow::read, core::reply<core::shown_link>(std::move(reply)),
       [this, who, id](core::read_session& session) -> core::result<core::shown_link> {
         auto found = own_link(who, session, id);
         if (!found) return core::fail(found.error());
         return shown(*std::move(found));
       });
}

void engine_service::list_link_accesses(const core::caller& who, core::link_id id, core::page_request page,
                                        core::download_answer<core::page<core::link_access>> reply) {
  read(who, allow::operate | allow::audit, core::reply<core::page<core::link_access>>(std::move(reply)),
       [this, who, id, page = std::move(page)](core::read_session& session) -> core::result<core::page<core::link_access>> {
         if (auto found = own_link(who, session, id); !found) return core::fail(found.error());
         return session.list_accesses(who.organization, id, page);
       });
}

void engine_service::revoke_link(const core::caller& who, core::link_id id, core::download_answer<core::shown_link> reply) {
  if (auto allowed = require(who, allow::operate); !allowed) return reply(core::fail(allowed.error()));
  write<core::shown_link>(
      core::reply<core::shown_link>(std::move(reply)),
      audited<core::shown_link>(
          who, "download_link.revoked", [](const core::shown_link& revoked) { return note_of(revoked.link); },
          [this, who, id](core::write_session& session) -> core::result<core::shown_link> {
            if (auto found = own_link(who, session, id); !found) return core::fail(found.error());
            auto revoked = session.revoke_link(who.organization, id, who.key, context_.time.now());
            if (!revoked) return core::fail(revoked.error());
            return shown(*std::move(revoked));
          }),
      [this](core::shown_link&) { context_.figures.count("download_links_revoked", "Download links revoked"); });
}

void engine_service::issue_link_password(const core::caller& who, core::link_id id,
                                         core::download_answer<core::issued_password> reply) {
  if (auto allowed = require(who, allow::operate); !allowed) return reply(core::fail(allowed.error()));
  // Hashed on a reader's thread: it takes as long as it is meant to.
  context_.readers.run([this, who, id, reply = std::move(reply)](core::read_session* session) mutable {
    if (session == nullptr) return reply(core::fail(core::error_code::shutting_down, "the node is shutting down"));
    auto found = own_link(who, *session, id);
    if (!found) return reply(core::fail(found.error()));
    const auto state = found->state(context_.time.now());
    if (found->password != core::link_password::one_time)
      return reply(core::fail(core::error_code::conflict, "the link takes no one-time password"));
    if (state != core::link_state::active && state != core::link_state::locked)
      return reply(core::fail(core::error_code::conflict, "the link cannot be used any more"));
    auto password = core::make_one_time_password();
    auto hash = core::hash_password(password, core::link_password::one_time);
    write<core::issued_password>(
        core::reply<core::issued_password>(std::move(reply)),
        audited<core::issued_password>(
            who, "download_link.password_issued", [](const core::issued_password& issued) { return note_of(issued.link.link); },
            [this, who, id, password = std::move(password),
             hash = std::move(hash)](core::write_session& writing) -> core::result<core::issued_password> {
              auto link = writing.set_link_password(who.organization, id, hash);
              if (!link) return core::fail(link.error());
              return core::issued_password{shown(*std::move(link)), password};
            }),
        [](core::issued_password&) {});
  });
}

// ---- without a key

void engine_service::open_download(core::download_request request, core::download_answer<core::open_download_ptr> reply) {
  desk_.open(std::move(request), std::move(reply));
}
void engine_service::note_download(const core::open_download_ptr& who, core::access_outcome outcome) {
  desk_.note(*who, outcome);
}
void engine_service::begin_download(const core::open_download_ptr& who, std::uint64_t bytes, bool is_part,
                                    core::download_answer<std::uint64_t> reply) {
  desk_.begin(*who, bytes, is_part, std::move(reply));
}
void engine_service::read_download(const core::open_download_ptr& who, std::uint64_t offset,
                                   core::download_answer<std::shared_ptr<const std::string>> reply) {
  desk_.read(*who, offset, std::move(reply));
}
void engine_service::end_download(const core::open_download_ptr& who, std::uint64_t access, std::uint64_t bytes) {
  desk_.end(*who, access, bytes);
}

}  // namespace waybill::actors
