// SPDX-License-Identifier: Apache-2.0
// The service's part for the audit trail, legal holds and erasures.
#include <algorithm>
#include <cctype>

#include "actors/caf_compat.hpp"
#include "actors/compliance_messages.hpp"
#include "actors/engine_service.hpp"

namespace waybill::actors {
namespace {

constexpr std::uint32_t verified_at_once = 1'000;
constexpr std::uint32_t verified_per_call = 20'000;
constexpr std::uint32_t looked_at_for_holds = 500;
constexpr std::size_t most_value = 255, most_reason = 1'000;

tl::unexpected<core::error> no_such_erasure() {
  return core::fail(core::error_code::erasure_not_found, "there is no such erasure");
}

core::error invalid(std::vector<core::field_fault> faults) {
  return {core::error_code::validation_error, "the request is not valid", std::move(faults), std::nullopt};
}

/// The id that the scope asks for, where it asks for one.
bool names_an_id(const core::scope_input& input) {
  switch (input.scope) {
    case core::data_scope::organization:
      return input.value.empty() || core::organization_id::parse(input.value);
    case core::data_scope::delivery:
      return core::delivery_id::parse(input.value).has_value();
    case core::data_scope::destination:
      return core::destination_id::parse(input.value).has_value();
    case core::data_scope::correlation_id:
    case core::data_scope::tag:
      break;
  }
  return true;
}

core::result<void> check(const core::scope_input& input) {
  std::vector<core::field_fault> faults;
  if (input.reason.empty() || input.reason.size() > most_reason)
    faults.push_back({"/reason", "length", "reason takes 1 to 1000 bytes"});
  const bool named = input.scope != core::data_scope::organization;
  if (named && (input.value.empty() || input.value.size() > most_value))
    faults.push_back({"/value", "length", "what is named takes 1 to 255 bytes"});
  else if (!names_an_id(input))
    faults.push_back({"/value", "format", "not an id of what the scope names"});
  if (!faults.empty()) return core::fail(invalid(std::move(faults)));
  return {};
}

/// As a word of its own: a tag may be a single letter.
bool repeats(const std::string& text, const std::string& word) {
  const auto is_part = [&](std::size_t at) { return at < text.size() && std::isalnum(static_cast<unsigned char>(text[at])); };
  for (auto at = text.find(word); at != std::string::npos; at = text.find(word, at + 1))
    if (!(at > 0 && is_part(at - 1)) && !is_part(at + word.size())) return true;
  return false;
}

core::error held_by(const core::legal_hold& hold) {
  return {core::error_code::legal_hold,
          "a legal hold covers something that the erasure names: " + hold.id.to_string(),
          {{"", "legalHold", hold.id.to_string()}},
          std::nullopt};
}

/// The first hold on anything that the erasure names; walks all of it where there are holds.
core::result<void> refuse_if_held(core::read_session& session, core::erasure order) {
  do {
    auto hold = session.hold_against(order, looked_at_for_holds);
    if (!hold) return core::fail(hold.error());
    if (*hold) return core::fail(held_by(**hold));
  } while (!order.position.is_nil());
  return {};
}

/// The node's own keys live in an organization; without them nobody could operate it.
core::result<void> refuse_if_operators(core::read_session& session, core::organization_id organization) {
  auto keys = session.all_keys();
  if (!keys) return core::fail(keys.error());
  const auto operators = [&](const core::api_key& k) {
    return k.organization == organization && k.roles.has(core::role::engine) && !k.revoked_at;
  };
  if (std::none_of(keys->begin(), keys->end(), operators)) return {};
  return core::fail(core::error_code::conflict, "the organization holds operator keys of the engine: it cannot be erased");
}

audit_note note_of(const core::legal_hold& hold) { return {hold.id.to_string(), {{"scope", core::to_string(hold.scope)}}}; }

}  // namespace

// ---- the trail

core::result<core::organization_id> engine_service::chain_for(const core::caller& who,
                                                              std::optional<core::organization_id> chain) const {
  if (!chain || *chain == who.organization) return who.organization;
  if (who.roles.has(core::role::engine)) return *chain;
  report_foreign(who, "audit_chain", chain->to_string());
  return core::fail(core::error_code::forbidden, "only the engine's operator key reads another chain than its organization's");
}

void engine_service::list_audit(const core::caller& who, std::optional<core::organization_id> chain, core::audit_filter filter,
                                core::page_request page, answer<core::page<core::audit_row>> reply) {
  if (auto allowed = require(who, allow::audit); !allowed) return reply(core::fail(allowed.error()));
  auto of = chain_for(who, chain);
  if (!of) return reply(core::fail(of.error()));
  read(who, allow::audit, core::reply<core::page<core::audit_row>>(std::move(reply)),
       [of = *of, filter = std::move(filter), page = std::move(page)](core::read_session& session) {
         return session.list_audit(of, filter, page);
       });
}

void engine_service::verify_audit(const core::caller& who, std::optional<core::organization_id> chain, std::uint64_t reached,
                                  answer<core::audit_verification> reply) {
  if (auto allowed = require(who, allow::audit); !allowed) return reply(core::fail(allowed.error()));
  auto of = chain_for(who, chain);
  if (!of) return reply(core::fail(of.error()));
  read(who, allow::audit, core::reply<core::audit_verification>(std::move(reply)),
       [of = *of, reached](core::read_session& session) { return verify_part(session, of, reached); });
}

/// The head is read first: rows that come meanwhile are behind it. What an earlier part ended with is read from the trail
/// again, so that a part stands by itself.
core::result<core::audit_verification> engine_service::verify_part(core::read_session& session, core::organization_id chain,
                                                                   std::uint64_t reached) {
  core::audit_verification part;
  auto head = session.audit_chain(chain);
  if (!head) return core::fail(head.error());
  part.chain = *head;
  auto from = std::make_pair(head->anchor_number, head->anchor_hash);
  if (reached > head->anchor_number) {
    auto last = session.audit_rows(chain, reached - 1, 1);
    if (!last) return core::fail(last.error());
    if (!last->empty() && last->front().number == reached) from = {reached, last->front().hash};
  }
  core::audit_verifier verifier(from.first, from.second);
  while (!part.complete && part.checked < verified_per_call) {
    auto rows = session.audit_rows(chain, verifier.number(), verified_at_once);
    if (!rows) return core::fail(rows.error());
    const bool end = rows->size() < verified_at_once;
    const auto newer = [&](const core::audit_row& row) { return row.number > head->last_number; };
    rows->erase(std::find_if(rows->begin(), rows->end(), newer), rows->end());
    part.checked += rows->size();
    part.complete = end || rows->empty() || rows->back().number >= head->last_number;
    if (!verifier.check(*rows) || (part.complete && !verifier.check_end(*head))) break;
  }
  part.fault = verifier.fault();
  part.complete = part.complete || part.fault;
  part.reached = verifier.number();
  return part;
}

// ---- legal holds

void engine_service::place_hold(const core::caller& who, core::scope_input input, answer<core::legal_hold> reply) {
  if (auto allowed = require(who, allow::administer); !allowed) return reply(core::fail(allowed.error()));
  if (!who.only_destinations.empty())
    return reply(core::fail(core::error_code::forbidden, "a key narrowed to destinations cannot place legal holds"));
  if (auto fine = check(input); !fine) return reply(core::fail(fine.error()));
  core::legal_hold hold;
  hold.id = core::hold_id::make();
  hold.organization = who.organization;
  hold.scope = input.scope;
  hold.value = std::move(input.value);
  hold.reason = std::move(input.reason);
  hold.placed_by = who.key;
  hold.placed_at = context_.time.now();
  write_once<core::legal_hold>(who, core::reply<core::legal_hold>(std::move(reply)),
                               audited<core::legal_hold>(
                                   who, "legal_hold.placed", [](const core::legal_hold& placed) { return note_of(placed); },
                                   [hold](core::write_session& session) -> core::result<core::legal_hold> {
                                     if (auto placed = session.place_hold(hold); !placed) return core::fail(placed.error());
                                     return hold;
                                   }),
                               [](core::legal_hold&) {});
}

void engine_service::get_hold(const core::caller& who, core::hold_id id, answer<core::legal_hold> reply) {
  read(who, allow::audit, core::reply<core::legal_hold>(std::move(reply)),
       [org = who.organization, id](core::read_session& session) { return session.get_hold(org, id); });
}

void engine_service::list_holds(const core::caller& who, core::page_request page, answer<core::page<core::legal_hold>> reply) {
  read(who, allow::audit, core::reply<core::page<core::legal_hold>>(std::move(reply)),
       [org = who.organization, page = std::move(page)](core::read_session& session) { return session.list_holds(org, page); });
}

void engine_service::release_hold(const core::caller& who, core::hold_id id, answer<void> reply) {
  if (auto allowed = require(who, allow::administer); !allowed) return reply(core::fail(allowed.error()));
  if (!who.only_destinations.empty())
    return reply(core::fail(core::error_code::forbidden, "a key narrowed to destinations cannot release legal holds"));
  write<core::legal_hold>(
      [reply = std::move(reply)](core::result<core::legal_hold> done) {
        if (!done) return reply(core::fail(done.error()));
        reply({});
      },
      audited<core::legal_hold>(
          who, "legal_hold.released", [](const core::legal_hold& released) { return note_of(released); },
          [org = who.organization, id](core::write_session& session) { return session.release_hold(org, id); }),
      [](core::legal_hold&) {});
}

// ---- erasures

void engine_service::order_erasure(const core::caller& who, core::scope_input input, answer<core::erasure> reply) {
  const bool whole = input.scope == core::data_scope::organization;
  if (auto allowed = require(who, whole ? allow::engine_only : allow::administer); !allowed)
    return reply(core::fail(allowed.error()));
  if (!who.only_destinations.empty())
    return reply(core::fail(core::error_code::forbidden, "a key narrowed to destinations cannot erase"));
  if (auto fine = check(input); !fine) return reply(core::fail(fine.error()));
  if (!whole && repeats(input.reason, input.value))
    return reply(core::fail(invalid({{"/reason", "selector", "the reason is kept: it must not repeat what is to be erased"}})));
  core::erasure order;
  order.id = core::erasure_id::make();
  order.organization = who.organization;
  if (whole) {
    const auto organization = core::organization_id::parse(input.value);
    if (!organization) return reply(core::fail(invalid({{"/value", "format", "not an id of the form org_…"}})));
    order.organization = *organization;
  } else {
    order.selector = std::move(input.value);
  }
  order.scope = input.scope;
  order.reason = std::move(input.reason);
  order.requested_by = who.key;
  order.requested_at = context_.time.now();
  // On a reader thread: where there are holds, everything it names is held against them.
  context_.readers.run([this, who, order = std::move(order), reply = std::move(reply)](core::read_session* session) mutable {
    if (session == nullptr) return reply(core::fail(core::error_code::shutting_down, "the node is shutting down"));
    if (auto free = refuse_if_held(*session, order); !free) return reply(core::fail(free.error()));
    create_erasure(who, std::move(order), std::move(reply));
  });
}

void engine_service::create_erasure(const core::caller& who, core::erasure order, answer<core::erasure> reply) {
  auto auditor = who;
  auditor.organization = order.organization;
  write_once<core::erasure>(
      who, core::reply<core::erasure>(std::move(reply)),
      audited<core::erasure>(
          auditor, "erasure.ordered",
          [](const core::erasure& e) {
            return audit_note{e.id.to_string(), {{"scope", core::to_string(e.scope)}, {"reason", e.reason}}};
          },
          [who, order](core::write_session& session) -> core::result<core::erasure> {
            // A hold may have come since; its holder finds it honoured by every later step as well.
            auto again = order;
            auto hold = session.hold_against(again, looked_at_for_holds);
            if (!hold) return core::fail(hold.error());
            if (*hold) return core::fail(held_by(**hold));
            if (order.scope == core::data_scope::organization) {
              if (auto there = session.get_organization(order.organization); !there) return core::fail(there.error());
              if (auto free = refuse_if_operators(session, order.organization); !free) return core::fail(free.error());
            }
            if (auto made = session.create_erasure(order); !made) return core::fail(made.error());
            return order;
          }),
      [this](core::erasure& made) {
        if (made.scope == core::data_scope::organization) {
          context_.directory.remove(made.organization);
          keys_.forget(made.organization);
        }
        caf::anon_send(erasures_, erasures_waiting{});
      });
}

void engine_service::get_erasure(const core::caller& who, core::erasure_id id, answer<core::erasure> reply) {
  read(who, allow::audit, core::reply<core::erasure>(std::move(reply)),
       [this, who, id](core::read_session& session) -> core::result<core::erasure> {
         auto found = session.get_erasure(id);
         if (!found || found->organization == who.organization || who.roles.has(core::role::engine)) return found;
         report_foreign(who, "erasure", id.to_string());
         return no_such_erasure();
       });
}

void engine_service::list_erasures(const core::caller& who, core::page_request page, answer<core::page<core::erasure>> reply) {
  read(who, allow::audit, core::reply<core::page<core::erasure>>(std::move(reply)),
       [org = who.organization, page = std::move(page)](core::read_session& session) {
         return session.list_erasures(org, page);
       });
}

}  // namespace waybill::actors
