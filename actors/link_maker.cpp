// SPDX-License-Identifier: Apache-2.0
#include "actors/link_maker.hpp"

#include <chrono>
#include <future>
#include <memory>
#include <utility>

#include "actors/audit_notes.hpp"
#include "core/links/link_password.hpp"

namespace waybill::actors {
namespace {

constexpr std::size_t most_hashes = 1'000;
constexpr core::milliseconds most_wait_for_address{10'000};  // a node that starts listens within milliseconds

}  // namespace

core::result<void> link_maker::check(std::string_view options) const {
  auto read = core::read_link_options(options, context_.settings.downloads.max_expiry_hours);
  if (!read) return core::fail(read.error());
  return {};
}

core::download_link link_maker::draft(core::destination_id id, const core::delivery& of, std::string_view text,
                                      const core::link_options& options, std::string base) const {
  core::download_link link;
  link.id = core::link_id::make();
  link.organization = of.organization;
  link.delivery = of.id;
  link.destination = id;
  link.token_hash = core::token_hash(context_.links.token(of.organization, link.id));
  link.options_hash = context_.links.fingerprint(text);
  link.base_url = std::move(base);
  link.password = options.kind;
  if (!options.password.empty()) link.password_hash = password_hash(link.options_hash, options);
  link.allowed_ranges = options.allowed_ranges;
  link.max_access = options.max_access;
  link.created_at = context_.time.now();
  link.expires_at = link.created_at + options.lives;
  link.purge_at = link.expires_at + std::chrono::hours{24} * context_.settings.downloads.keep_days;
  return link;
}

std::string link_maker::password_hash(const core::sha256_digest& options_hash, const core::link_options& options) const {
  {
    const std::lock_guard lock{mutex_};
    if (const auto known = hashes_.find(options_hash); known != hashes_.end()) return known->second;
  }
  auto hash = core::hash_password(options.password, options.kind);
  const std::lock_guard lock{mutex_};
  if (hashes_.size() >= most_hashes) hashes_.clear();
  return hashes_.emplace(options_hash, std::move(hash)).first->second;
}

core::result<std::string> link_maker::make(core::destination_id id, const core::delivery& of, std::string_view options) {
  auto wanted = core::read_link_options(options, context_.settings.downloads.max_expiry_hours);
  if (!wanted) return core::fail(wanted.error());
  auto base =
      wanted->base_url.empty() ? context_.address.wait(most_wait_for_address) : core::result<std::string>{wanted->base_url};
  if (!base) return base;
  auto answer = std::make_shared<std::promise<core::result<core::download_link>>>();
  auto made = std::make_shared<core::result<core::download_link>>();
  auto waiting = answer->get_future();
  context_.writer->run(
      [made, link = draft(id, of, options, *wanted, *std::move(base))](core::write_session& session) -> core::result<void> {
        *made = session.create_link(link);
        if (!*made) return core::fail(made->error());
        if ((*made)->id != link.id) return {};
        return session.append_audit({engine_entry(link.organization, link.created_at, "download_link.created",
                                                  {link.id.to_string(),
                                                   {{"deliveryId", link.delivery.to_string()},
                                                    {"destinationId", link.destination.to_string()},
                                                    {"expiresAt", core::to_rfc3339(link.expires_at)}}})});
      },
      [answer, made](core::result<void> done) {
        if (!done) return answer->set_value(core::fail(std::move(done.error())));
        answer->set_value(std::move(*made));
      });
  auto link = waiting.get();
  if (!link) return core::fail(link.error());
  context_.figures.count("download_links_created", "Download links given to handlers");
  return context_.links.url(link->base_url, link->organization, link->id);
}

}  // namespace waybill::actors
