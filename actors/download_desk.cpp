// SPDX-License-Identifier: Apache-2.0
#include "actors/download_desk.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/links/link_options.hpp"
#include "core/security/digest.hpp"
#include "core/telemetry/log.hpp"

namespace waybill::actors {
namespace {

constexpr std::size_t most_agent = 256;

std::string_view bytes_of(const core::sha256_digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

/// The one answer to whatever cannot be used.
tl::unexpected<core::error> nothing_here() { return core::fail(core::error_code::not_found, "there is nothing at this path"); }
tl::unexpected<core::error> stopping() { return core::fail(core::error_code::shutting_down, "the node is shutting down"); }

/// Kept in the store and shown: text of whoever asked.
std::string cut(std::string text) {
  for (auto& c : text)
    if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7F) c = '?';
  if (text.size() > most_agent) text.resize(most_agent);
  return text;
}

}  // namespace

void download_desk::open(core::download_request request, answer<core::open_download_ptr> reply) {
  auto v = std::make_shared<visit>(visit{std::move(request), {}, std::move(reply)});
  v->request.agent = cut(std::move(v->request.agent));
  read_again(v, &download_desk::look);
}

void download_desk::read_again(const visit_ptr& v, void (download_desk::*next)(core::read_session&, const visit_ptr&)) {
  context_.readers.run([this, v, next](core::read_session* session) {
    if (session == nullptr) return v->reply(stopping());
    (this->*next)(*session, v);
  });
}

void download_desk::look(core::read_session& session, const visit_ptr& v) {
  const auto hash = core::token_hash(v->request.token);
  auto found = session.find_link(hash);
  if (!found) return v->reply(core::fail(found.error()));
  if (!*found || !core::equal_constant_time(bytes_of((*found)->token_hash), bytes_of(hash))) {
    context_.figures.count("downloads_refused", "Requests for a download link that were refused");
    return v->reply(nothing_here());
  }
  v->link = std::move(**found);
  auto why_not = obstacle(session, *v);
  if (!why_not) return v->reply(core::fail(why_not.error()));
  if (*why_not) return refuse(*v, **why_not);
  check_password(session, v);
}

core::result<std::optional<core::access_outcome>> download_desk::obstacle(core::read_session& session, const visit& v) const {
  using core::access_outcome;
  const auto state = v.link.state(context_.time.now());
  if (state == core::link_state::revoked) return access_outcome::revoked;
  if (state == core::link_state::expired) return access_outcome::expired;
  if (state == core::link_state::locked) return access_outcome::locked;
  if (!core::is_in_ranges(v.link.allowed_ranges, v.request.address)) return access_outcome::address_refused;
  if (state != core::link_state::used_up && !v.link.password_used) return std::nullopt;
  // Used up, but an access that was counted may be gone on with.
  auto use = use_of(v.link, v.request.address, v.request.agent);
  auto goes_on = session.may_continue(use);
  if (!goes_on) return core::fail(goes_on.error());
  return *goes_on ? std::nullopt : std::optional<access_outcome>{access_outcome::used_up};
}

void download_desk::check_password(core::read_session& session, const visit_ptr& v) {
  if (v->link.password == core::link_password::none) return let_in(session, v);
  if (!v->request.password) return refuse(*v, core::access_outcome::password_missing);
  if (proved_.has(*v->request.password, v->link)) return let_in(session, v);
  auto tried = std::make_shared<bool>(false);
  context_.writer->run(
      [tried, org = v->link.organization, id = v->link.id,
       now = context_.time.now()](core::write_session& writing) -> core::result<void> {
        auto may = writing.try_password(org, id, now);
        if (!may) return core::fail(may.error());
        *tried = *may;
        return {};
      },
      [this, v, tried](core::result<void> done) {
        if (!done) return v->reply(core::fail(std::move(done.error())));
        if (!*tried) return refuse(*v, core::access_outcome::locked);
        verify(v);
      });
}

void download_desk::verify(const visit_ptr& v) {
  context_.readers.run([this, v](core::read_session* session) {
    if (session == nullptr) return v->reply(stopping());
    if (!core::is_password(*v->request.password, v->link.password, v->link.password_hash))
      return refuse(*v, core::access_outcome::password_wrong);
    proved_.add(*v->request.password, v->link);
    context_.writer->run([org = v->link.organization,
                          id = v->link.id](core::write_session& writing) { return writing.forget_password_tries(org, id); },
                         [](const core::result<void>&) {});
    let_in(*session, v);
  });
}

void download_desk::let_in(core::read_session& session, const visit_ptr& v) {
  auto content = session.content(v->link.organization, v->link.delivery);
  if (!content && core::error_code::store_unavailable == content.error().code) return v->reply(core::fail(content.error()));
  if (!content) return refuse(*v, core::access_outcome::content_gone);
  auto open = std::make_shared<core::open_download>();
  open->link = v->link;
  open->content = *std::move(content);
  open->address = v->request.address;
  open->agent = v->request.agent;
  v->reply(core::open_download_ptr(std::move(open)));
}

void download_desk::refuse(const visit& v, core::access_outcome outcome) {
  const bool asks = outcome == core::access_outcome::password_missing || outcome == core::access_outcome::password_wrong;
  if (asks)
    v.reply(core::fail(core::error_code::unauthenticated, "this download asks for a password"));
  else
    v.reply(nothing_here());
  context_.figures.count("downloads_refused", "Requests for a download link that were refused");
  core::log(core::log_level::info, "download.refused", "A download was refused",
            {{"organizationId", v.link.organization.to_string()},
             {"linkId", v.link.id.to_string()},
             {"outcome", std::string(core::to_string(outcome))},
             {"remoteAddress", v.request.address}});
  write_line(v.link, v.request.address, v.request.agent, outcome);
}

void download_desk::write_line(const core::download_link& link, const std::string& address, const std::string& agent,
                               core::access_outcome outcome) {
  const auto now = context_.time.now();
  core::link_access line{0, now, now, address, agent, outcome, 1, 0, 0};
  context_.writer->run([org = link.organization, id = link.id,
                        line = std::move(line)](core::write_session& session) { return session.note_access(org, id, line); },
                       [](const core::result<void>&) {});
}

void download_desk::note(const core::open_download& who, core::access_outcome outcome) {
  write_line(who.link, who.address, who.agent, outcome);
}

/// As a part of no length: whether there is anything to go on with.
core::link_use download_desk::use_of(const core::download_link& link, const std::string& address,
                                     const std::string& agent) const {
  core::link_use use;
  use.organization = link.organization;
  use.id = link.id;
  use.address = address;
  use.agent = agent;
  use.size = std::uint64_t{1} << 60;  // more than any content has
  use.is_part = true;
  use.continues_since = context_.time.now() - context_.settings.downloads.continuation;
  return use;
}

void download_desk::begin(const core::open_download& who, std::uint64_t bytes, bool is_part, answer<std::uint64_t> reply) {
  auto use = use_of(who.link, who.address, who.agent);
  use.bytes = bytes;
  use.size = who.content->content_size();
  use.is_part = is_part;
  auto grant = std::make_shared<core::link_grant>();
  auto v = std::make_shared<visit>();
  v->link = who.link;
  v->request.address = who.address;
  v->request.agent = who.agent;
  context_.writer->run(
      [grant, use = std::move(use), now = context_.time.now()](core::write_session& session) -> core::result<void> {
        auto decided = session.use_link(use, now);
        if (!decided) return core::fail(decided.error());
        *grant = *decided;
        return {};
      },
      [this, v, grant, reply = std::move(reply)](core::result<void> done) {
        if (!done && done.error().code == core::error_code::link_not_found) return reply(nothing_here());  // erased meanwhile
        if (!done) return reply(core::fail(std::move(done.error())));
        if (grant->granted) {
          context_.figures.count("downloads", "Requests for content by a download link that were served");
          return reply(grant->access);
        }
        v->reply = [&reply](const core::result<core::open_download_ptr>& refused) { reply(core::fail(refused.error())); };
        refuse(*v, grant->outcome);
      });
}

void download_desk::read(const core::open_download& who, std::uint64_t offset,
                         answer<std::shared_ptr<const std::string>> reply) {
  const auto& content = *who.content;
  context_.payloads.get({who.link.organization, content.payload, content.payload_size}, offset, std::move(reply));
}

void download_desk::end(const core::open_download& who, std::uint64_t access, std::uint64_t bytes) {
  if (bytes == 0) return;
  context_.figures.count("download_bytes", "Content bytes that clients of download links took", bytes);
  context_.writer->run([org = who.link.organization, id = who.link.id, access,
                        bytes](core::write_session& session) { return session.add_sent(org, id, access, bytes); },
                       [](const core::result<void>&) {});
}

}  // namespace waybill::actors
