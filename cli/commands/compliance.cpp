// SPDX-License-Identifier: Apache-2.0
// The commands of a compliance officer: audit, erase, legal-holds.
#include <chrono>
#include <iostream>
#include <memory>
#include <thread>

#include "cli/commands/destination_commands.hpp"
#include "cli/table.hpp"

#include <CLI/CLI.hpp>

namespace waybill::cli {
namespace {

constexpr std::chrono::milliseconds look_again{500};

std::string dump(const json& body) { return body.dump(-1, ' ', false, json::error_handler_t::replace); }

/// A list as a table of the members named by `columns` ("HEAD", member).
outcome<exit_code> list(context& where, const std::string& path, query filter, std::size_t limit,
                        const std::vector<std::pair<std::string, std::string>>& columns) {
  std::vector<std::string> head;
  for (const auto& column : columns) head.push_back(column.first);
  table rows(where.screen, head);
  const auto done = where.rest.each(path, std::move(filter), limit, [&](const json& item) {
    if (where.options.json) {
      print_json(item);
      return std::cout.good();
    }
    std::vector<std::string> row;
    for (const auto& column : columns) row.push_back(text_of(item, column.second));
    rows.add(std::move(row));
    return true;
  });
  if (!done) return tl::unexpected<failure>(done.error());
  if (!where.options.json) rows.print(std::cout);
  return exit_code::ok;
}

// ---- audit

struct audit_options {
  std::string chain, from, to, actor, action, subject;
  std::size_t limit = 50;
};

query filter_of(const audit_options& o) {
  query filter;
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) filter.emplace_back(name, value);
  };
  add("chain", o.chain);
  add("from", o.from);
  add("to", o.to);
  add("actor", o.actor);
  add("action", o.action);
  add("subject", o.subject);
  return filter;
}

void add_audit_list(CLI::App& parent, action& chosen) {
  auto* command = parent.add_subcommand("list", "what was done, by whom, newest first");
  auto o = std::make_shared<audit_options>();
  command->add_option("--chain", o->chain, "engine, or another organization's id (operator key)");
  command->add_option("--from", o->from, "at or after, as 2026-01-31T09:15:00Z");
  command->add_option("--to", o->to, "before");
  command->add_option("--actor", o->actor, "by this key");
  command->add_option("--action", o->action, "only this, such as destination.deleted");
  command->add_option("--subject", o->subject, "only what was done to this id");
  command->add_option("--limit", o->limit, "at most so many rows; 0: all")->capture_default_str();
  command->callback([o, &chosen] {
    chosen = [o](context& where) {
      return list(where, "/v1/audit", filter_of(*o), o->limit,
                  {{"NUMBER", "number"}, {"AT", "at"}, {"ACTOR", "actor"}, {"ACTION", "action"}, {"SUBJECT", "subject"}});
    };
  });
}

/// Part by part to the end of the chain. A broken chain is a failure, so that a script notices.
outcome<exit_code> verify(context& where, const std::string& chain) {
  std::uint64_t checked = 0;
  json last;
  for (json after = 0; !after.is_null(); after = last.value("nextAfter", json())) {
    query part;
    if (!chain.empty()) part.emplace_back("chain", chain);
    if (after != 0) part.emplace_back("after", after.dump());
    const auto answer = where.rest.get("/v1/audit/verify", part);
    if (!answer) return tl::unexpected<failure>(answer.error());
    last = answer->value;
    checked += last.value("checked", std::uint64_t{0});
  }
  const bool sound = last.value("sound", false);
  if (where.options.json) {
    last["checked"] = checked;
    print_json(last);
  } else if (sound) {
    std::cout << "sound: " << checked << " rows, the last is number " << last["head"]["number"] << " with hash "
              << text_of(last["head"], "hash") << '\n';
  } else {
    std::cout << "BROKEN at row " << last["fault"]["number"] << ": " << printable(text_of(last["fault"], "reason")) << '\n';
  }
  return sound ? exit_code::ok : exit_code::failed;
}

void add_audit_verify(CLI::App& parent, action& chosen) {
  auto* command = parent.add_subcommand("verify", "walk the chain of hashes; exit code 1 if it is broken");
  auto chain = std::make_shared<std::string>();
  command->add_option("--chain", *chain, "engine, or another organization's id (operator key)");
  command->callback([chain, &chosen] { chosen = [chain](context& where) { return verify(where, *chain); }; });
}

// ---- what is named

struct scope_options {
  std::string correlation_id, tag, delivery, destination, organization, reason;
  bool whole = false, wait = false;
};

CLI::Option_group* add_scope(CLI::App& command, scope_options& o) {
  auto* named = command.add_option_group("what");
  named->add_option("--correlation-id", o.correlation_id, "everything with this correlation id");
  named->add_option("--tag", o.tag, "everything with this tag");
  named->add_option("--delivery", o.delivery, "one delivery (dlv_…)");
  named->require_option(1);
  command.add_option("--reason", o.reason, "why; is kept and must not repeat what is named")->required();
  return named;
}

json scope_of(const scope_options& o) {
  auto body = json::object();
  const auto set = [&](const char* scope, const std::string& value) {
    if (value.empty()) return;
    body["scope"] = scope;
    body["value"] = value;
  };
  set("correlationId", o.correlation_id);
  set("tag", o.tag);
  set("delivery", o.delivery);
  set("destination", o.destination);
  set("organization", o.organization);
  if (o.whole) body["scope"] = "organization";
  body["reason"] = o.reason;
  return body;
}

// ---- erase

outcome<exit_code> wait_for(context& where, json erasure) {
  while (text_of(erasure, "state") != "completed") {
    std::this_thread::sleep_for(look_again);
    const auto answer = where.rest.get("/v1/erasures/" + url_encoded(text_of(erasure, "id")));
    if (!answer) return tl::unexpected<failure>(answer.error());
    erasure = answer->value;
  }
  print_resource(where, erasure);
  return exit_code::ok;
}

outcome<exit_code> order(context& where, const scope_options& o) {
  const auto answer = where.rest.send("POST", "/v1/erasures", dump(scope_of(o)));
  if (!answer) return tl::unexpected<failure>(answer.error());
  if (o.wait) return wait_for(where, answer->value);
  print_resource(where, answer->value);
  return exit_code::ok;
}

void add_erase_order(CLI::App& parent, action& chosen) {
  auto* command = parent.add_subcommand("order", "forget what is named, with a certificate at the end");
  auto o = std::make_shared<scope_options>();
  auto* named = add_scope(*command, *o);
  named->add_option("--whole-organization", o->organization, "an organization with everything of it (operator key)");
  command->add_flag("--wait", o->wait, "until it is completed; shows the certificate");
  command->callback([o, &chosen] { chosen = [o](context& where) { return order(where, *o); }; });
}

// ---- legal holds

void add_hold_place(CLI::App& parent, action& chosen) {
  auto* command = parent.add_subcommand("place", "keep what is named from retention and erasure");
  auto o = std::make_shared<scope_options>();
  auto* named = add_scope(*command, *o);
  named->add_option("--destination", o->destination, "everything for this destination (dst_…)");
  named->add_flag("--everything", o->whole, "everything of the organization");
  command->callback([o, &chosen] {
    chosen = [o](context& where) -> outcome<exit_code> {
      const auto answer = where.rest.send("POST", "/v1/legal-holds", dump(scope_of(*o)));
      if (!answer) return tl::unexpected<failure>(answer.error());
      print_resource(where, answer->value);
      return exit_code::ok;
    };
  });
}

void add_hold_release(CLI::App& parent, action& chosen) {
  auto* command = parent.add_subcommand("release", "end a legal hold");
  auto id = std::make_shared<std::string>();
  command->add_option("ID", *id, "legal hold (hld_…)")->required();
  command->callback([id, &chosen] {
    chosen = [id](context& where) -> outcome<exit_code> {
      const auto answer = where.rest.send("DELETE", "/v1/legal-holds/" + url_encoded(*id));
      if (!answer) return tl::unexpected<failure>(answer.error());
      if (!where.options.json) std::cout << printable(*id) << " is released\n";
      return exit_code::ok;
    };
  });
}

}  // namespace

void add_audit(CLI::App& app, action& chosen) {
  auto* command = app.add_subcommand("audit", "the audit trail");
  command->require_subcommand(1);
  add_audit_list(*command, chosen);
  add_audit_verify(*command, chosen);
}

void add_erase(CLI::App& app, action& chosen) {
  auto* command = app.add_subcommand("erase", "erasures of what a correlation id, a tag, a delivery or an organization names");
  command->require_subcommand(1);
  add_erase_order(*command, chosen);
  command->add_subcommand("list", "every erasure, newest first")->callback([&chosen] {
    chosen = [](context& where) {
      return list(
          where, "/v1/erasures", {}, 0,
          {{"ID", "id"}, {"SCOPE", "scope"}, {"STATE", "state"}, {"REQUESTED", "requestedAt"}, {"FINISHED", "finishedAt"}});
    };
  });
  auto* show = command->add_subcommand("show", "how far one is, and its certificate");
  auto id = std::make_shared<std::string>();
  show->add_option("ID", *id, "erasure (ers_…)")->required();
  show->callback([id, &chosen] {
    chosen = [id](context& where) -> outcome<exit_code> {
      const auto answer = where.rest.get("/v1/erasures/" + url_encoded(*id));
      if (!answer) return tl::unexpected<failure>(answer.error());
      print_resource(where, answer->value);
      return exit_code::ok;
    };
  });
}

void add_legal_holds(CLI::App& app, action& chosen) {
  auto* command = app.add_subcommand("legal-holds", "what must be kept whatever its time");
  command->require_subcommand(1);
  command->add_subcommand("list", "every hold in force")->callback([&chosen] {
    chosen = [](context& where) {
      return list(where, "/v1/legal-holds", {}, 0,
                  {{"ID", "id"}, {"SCOPE", "scope"}, {"VALUE", "value"}, {"REASON", "reason"}, {"PLACED", "placedAt"}});
    };
  });
  add_hold_place(*command, chosen);
  add_hold_release(*command, chosen);
}

}  // namespace waybill::cli
