// SPDX-License-Identifier: Apache-2.0
#include <iostream>
#include <memory>

#include "cli/commands/commands.hpp"
#include "cli/table.hpp"

#include <CLI/CLI.hpp>

namespace waybill::cli {
namespace {

struct filter_options {
  std::string destination, category, type, from, to;
  std::vector<std::string> tasks;
  std::size_t limit = 0;
  bool dry_run = false;
  bool yes = false;
  bool all = false;

  void add_to(CLI::App& command) {
    command.add_option("--destination", destination, "only those for this destination");
    command.add_option("--category", category, "only those that failed for this")
        ->check(CLI::IsMember(
            {"configuration", "network", "authentication", "rate_limit", "validation", "remote", "timeout", "system"}));
    command.add_option("--type", type, "only those for destinations of this type");
    command.add_option("--from", from, "only those that failed from this time on, as 2026-01-31T09:15:00Z");
    command.add_option("--to", to, "only those that failed before this time");
  }

  /// By the names that the API gives them, as query and as the body's filter alike.
  [[nodiscard]] query fields() const {
    query given;
    for (const auto& [name, value] :
         query{{"destinationId", destination}, {"category", category}, {"type", type}, {"from", from}, {"to", to}})
      if (!value.empty()) given.emplace_back(name, value);
    return given;
  }
};

outcome<exit_code> list(context& where, const filter_options& o) {
  table rows(where.screen, {"TASK", "DELIVERY", "DESTINATION", "ATTEMPTS", "CATEGORY", "FAILED AT", "REASON"});
  const auto done = where.rest.each("/v1/dead-letters", o.fields(), o.limit, [&](const json& d) {
    if (where.options.json) {
      print_json(d);
    } else {
      rows.add({text_of(d, "taskId"), text_of(d, "deliveryId"), text_of(d, "destinationId"), text_of(d, "attempts"),
                text_of(d, "category"), text_of(d, "finishedAt"), text_of(d, "failureReason")});
    }
    return std::cout.good();
  });
  if (!done) return tl::unexpected<failure>(done.error());
  if (!where.options.json) rows.print(std::cout);
  return exit_code::ok;
}

std::string body_of(const filter_options& o, bool dry_run) {
  auto body = json::object();
  for (const auto& [name, value] : o.fields()) body[name] = value;
  if (!o.tasks.empty()) body["taskIds"] = o.tasks;
  body["dryRun"] = dry_run;
  return body.dump(-1, ' ', false, json::error_handler_t::replace);
}

outcome<json> act(context& where, const std::string& verb, const filter_options& o, bool dry_run) {
  auto answer = where.rest.send("POST", "/v1/dead-letters/" + verb, body_of(o, dry_run));
  if (!answer) return tl::unexpected<failure>(answer.error());
  return std::move(answer->value);
}

std::string counted(const json& answer) {
  const auto count = text_of(answer, "count");
  return count + (count == "1" ? " dead letter" : " dead letters");
}

/// Asks on a terminal with the number that would go; elsewhere --yes must have said so.
outcome<bool> may_discard(context& where, const filter_options& o) {
  if (o.yes || o.dry_run) return true;
  if (!where.screen.in_is_terminal()) return fail(exit_code::usage, "discard needs --yes where nobody can be asked");
  const auto count = act(where, "discard", o, true);
  if (!count) return tl::unexpected<failure>(count.error());
  return where.screen.confirm("Discard " + counted(*count) + "? They can not be redriven afterwards.");
}

outcome<exit_code> run(context& where, const std::string& verb, const filter_options& o) {
  if (!o.all && o.fields().empty() && o.tasks.empty())
    return fail(exit_code::usage, verb + ": name which (--destination, --category, --type, --from, --to, --task), or --all");
  if (verb == "discard") {
    const auto may = may_discard(where, o);
    if (!may) return tl::unexpected<failure>(may.error());
    if (!*may) return exit_code::failed;
  }
  const auto answer = act(where, verb, o, o.dry_run);
  if (!answer) return tl::unexpected<failure>(answer.error());
  if (where.options.json) {
    print_json(*answer);
  } else {
    const auto* done = verb == "redrive" ? "redriven" : "discarded";
    std::cout << counted(*answer) << ' ' << (o.dry_run ? "would be " : "") << done << '\n';
  }
  return exit_code::ok;
}

void add_action(CLI::App& parent, action& chosen, const std::string& verb, const char* about) {
  auto* command = parent.add_subcommand(verb, about);
  auto o = std::make_shared<filter_options>();
  o->add_to(*command);
  command->add_option("--task", o->tasks, "this task (tsk_…), once or several times")->allow_extra_args(false);
  command->add_flag("--all", o->all, "every one");
  command->add_flag("--dry-run", o->dry_run, "only count them");
  if (verb == "discard") command->add_flag("--yes", o->yes, "do not ask");
  command->callback([verb, o, &chosen] { chosen = [verb, o](context& where) { return run(where, verb, *o); }; });
}

}  // namespace

void add_dead_letters(CLI::App& app, action& chosen) {
  auto* command = app.add_subcommand("dead-letters", "deliveries that failed for good");
  command->require_subcommand(1);
  auto* listing = command->add_subcommand("list", "every one, or those that fit");
  auto o = std::make_shared<filter_options>();
  o->add_to(*listing);
  listing->add_option("--limit", o->limit, "at most that many");
  listing->callback([o, &chosen] { chosen = [o](context& where) { return list(where, *o); }; });
  add_action(*command, chosen, "redrive", "put them back into the queue, with all their attempts again");
  add_action(*command, chosen, "discard", "take them off the list; the history stays");
}

}  // namespace waybill::cli
