// SPDX-License-Identifier: Apache-2.0
#include <iostream>
#include <memory>

#include "cli/commands/jobs.hpp"
#include "cli/table.hpp"

#include <CLI/CLI.hpp>

namespace waybill::cli {
namespace {

struct filter_options {
  std::vector<std::string> destinations, tasks;
  std::string category, type, payload_type, tag, correlation_id, from, to;

  void add_to(CLI::App& command) {
    command.add_option("--destination", destinations, "only those for this destination, once or several times")
        ->allow_extra_args(false);
    command.add_option("--task", tasks, "this task (tsk_…), once or several times")->allow_extra_args(false);
    command.add_option("--category", category, "only those that failed for this")
        ->check(CLI::IsMember(
            {"configuration", "network", "authentication", "rate_limit", "validation", "remote", "timeout", "system"}));
    command.add_option("--type", type, "only those for destinations of this type");
    command.add_option("--payload-type", payload_type, "only those of deliveries with this type of payload");
    command.add_option("--tag", tag, "only those of deliveries with this tag");
    command.add_option("--correlation-id", correlation_id, "only those of deliveries with this correlation id");
    command.add_option("--from", from, "only those that failed from this time on, as 2026-01-31T09:15:00Z");
    command.add_option("--to", to, "only those that failed before this time");
  }

  /// What is the same in a query and in a body, by the names that the API gives it.
  [[nodiscard]] query texts() const {
    query given;
    for (const auto& [name, value] : query{{"category", category},
                                           {"type", type},
                                           {"payloadType", payload_type},
                                           {"tag", tag},
                                           {"correlationId", correlation_id},
                                           {"from", from},
                                           {"to", to}})
      if (!value.empty()) given.emplace_back(name, value);
    return given;
  }
  [[nodiscard]] bool empty() const { return texts().empty() && destinations.empty() && tasks.empty(); }
};

struct action_options : filter_options {
  std::uint32_t rate = 0;
  bool dry_run = false;
  bool yes = false;
  bool all = false;
  bool no_wait = false;
};

std::string joined(const std::vector<std::string>& ids) {
  std::string text;
  for (const auto& id : ids) text += (text.empty() ? "" : ",") + id;
  return text;
}

query query_of(const filter_options& o) {
  query given;
  if (!o.destinations.empty()) given.emplace_back("destinationId", joined(o.destinations));
  if (!o.tasks.empty()) given.emplace_back("taskId", joined(o.tasks));
  for (auto& one : o.texts()) given.push_back(std::move(one));
  return given;
}

outcome<exit_code> list(context& where, const filter_options& o, std::size_t limit) {
  table rows(where.screen, {"TASK", "DELIVERY", "DESTINATION", "ATTEMPTS", "CATEGORY", "FAILED AT", "REASON"});
  const auto done = where.rest.each("/v1/dead-letters", query_of(o), limit, [&](const json& d) {
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

void print_letter(context& where, const json& letter) {
  for (const auto& [title, name] : query{{"task", "taskId"},
                                         {"delivery", "deliveryId"},
                                         {"destination", "destinationId"},
                                         {"failed at", "finishedAt"},
                                         {"category", "category"},
                                         {"reason", "failureReason"},
                                         {"correlation id", "correlationId"}})
    std::cout << title << ": " << printable(or_dash(text_of(letter, name))) << '\n';
  table rows(where.screen, {"ATTEMPT", "STARTED AT", "TOOK MS", "OUTCOME", "CATEGORY", "CODE", "DETAIL"});
  if (const auto log = letter.find("attemptLog"); log != letter.end() && log->is_array())
    for (const auto& a : *log) {
      auto detail = text_of(a, "detail");
      if (detail.empty()) detail = text_of(a, "message");
      rows.add({text_of(a, "number"), text_of(a, "startedAt"), text_of(a, "durationMs"), text_of(a, "outcome"),
                text_of(a, "category"), text_of(a, "code"), detail});
    }
  rows.print(std::cout);
}

outcome<exit_code> show(context& where, const std::string& task) {
  const auto answer = where.rest.get("/v1/dead-letters/" + url_encoded(task));
  if (!answer) return tl::unexpected<failure>(answer.error());
  if (where.options.json)
    print_json(answer->value);
  else
    print_letter(where, answer->value);
  return exit_code::ok;
}

std::string body_of(const action_options& o, bool dry_run) {
  auto body = json::object();
  if (!o.destinations.empty()) body["destinationIds"] = o.destinations;
  if (!o.tasks.empty()) body["taskIds"] = o.tasks;
  for (const auto& [name, value] : o.texts()) body[name] = value;
  if (o.rate > 0) body["ratePerSecond"] = o.rate;
  body["dryRun"] = dry_run;
  return body.dump(-1, ' ', false, json::error_handler_t::replace);
}

outcome<json> act(context& where, const std::string& verb, const action_options& o, bool dry_run) {
  auto answer = where.rest.send("POST", "/v1/dead-letters/" + verb, body_of(o, dry_run));
  if (!answer) return tl::unexpected<failure>(answer.error());
  return std::move(answer->value);
}

std::string counted(const std::string& count) { return count + (count == "1" ? " dead letter" : " dead letters"); }

/// Asks on a terminal with the number that would go; elsewhere --yes must have said so.
outcome<bool> may_discard(context& where, const action_options& o) {
  if (o.yes || o.dry_run) return true;
  if (!where.screen.in_is_terminal()) return fail(exit_code::usage, "discard needs --yes where nobody can be asked");
  const auto preview = act(where, "discard", o, true);
  if (!preview) return tl::unexpected<failure>(preview.error());
  return where.screen.confirm("Discard " + counted(text_of(*preview, "count")) + "? They can not be redriven afterwards.");
}

exit_code report(context& where, const json& answer, const std::string& verb, const action_options& o) {
  const std::string participle = verb == "redrive" ? "redriven" : "discarded";
  if (where.options.json) {
    print_json(answer);
  } else if (o.dry_run) {
    std::cout << counted(text_of(answer, "count")) << " would be " << participle << '\n';
  } else if (text_of(answer, "state") == "completed" && text_of(answer, "skipped") == "0") {
    std::cout << counted(text_of(answer, "done")) << ' ' << participle << '\n';
  } else {
    std::cout << job_line(answer) << '\n';
  }
  return o.dry_run || o.no_wait ? exit_code::ok : code_of_job(answer);
}

outcome<exit_code> run(context& where, const std::string& verb, const action_options& o) {
  if (!o.all && o.empty())
    return fail(exit_code::usage, verb +
                                      ": name which (--destination, --task, --category, --type, --payload-type, --tag, "
                                      "--correlation-id, --from, --to), or --all");
  if (verb == "discard") {
    const auto may = may_discard(where, o);
    if (!may) return tl::unexpected<failure>(may.error());
    if (!*may) return exit_code::failed;
  }
  auto answer = act(where, verb, o, o.dry_run);
  if (answer && !o.dry_run && !o.no_wait) answer = wait_for_job(where, *std::move(answer));
  if (!answer) return tl::unexpected<failure>(answer.error());
  return report(where, *answer, verb, o);
}

void add_action(CLI::App& parent, action& chosen, const std::string& verb, const char* about) {
  auto* command = parent.add_subcommand(verb, about);
  auto o = std::make_shared<action_options>();
  o->add_to(*command);
  command->add_flag("--all", o->all, "every one");
  command->add_option("--rate", o->rate, "so many per second; the node's setting otherwise")->check(CLI::Range(1, 100'000));
  command->add_flag("--dry-run", o->dry_run, "only count them");
  command->add_flag("--no-wait", o->no_wait, "print the job at once; `waybill jobs` looks after it");
  if (verb == "discard") command->add_flag("--yes", o->yes, "do not ask");
  command->callback([verb, o, &chosen] { chosen = [verb, o](context& where) { return run(where, verb, *o); }; });
}

void add_listing(CLI::App& parent, action& chosen) {
  auto* command = parent.add_subcommand("list", "every one, or those that fit");
  auto o = std::make_shared<filter_options>();
  auto limit = std::make_shared<std::size_t>(0);
  o->add_to(*command);
  command->add_option("--limit", *limit, "at most that many");
  command->callback([o, limit, &chosen] { chosen = [o, limit](context& where) { return list(where, *o, *limit); }; });
}

void add_show(CLI::App& parent, action& chosen) {
  auto* command = parent.add_subcommand("show", "one of them, with its attempts");
  auto task = std::make_shared<std::string>();
  command->add_option("task", *task, "tsk_…")->required();
  command->callback([task, &chosen] { chosen = [task](context& where) { return show(where, *task); }; });
}

}  // namespace

void add_dead_letters(CLI::App& app, action& chosen) {
  auto* command = app.add_subcommand("dead-letters", "deliveries that failed for good");
  command->require_subcommand(1);
  add_listing(*command, chosen);
  add_show(*command, chosen);
  add_action(*command, chosen, "redrive", "put them back into the queue, with all their attempts again");
  add_action(*command, chosen, "discard", "take them off the list; the history stays");
}

}  // namespace waybill::cli
