// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/jobs.hpp"

#include <chrono>
#include <iostream>
#include <memory>
#include <thread>

#include "cli/progress_bar.hpp"
#include "cli/table.hpp"

#include <CLI/CLI.hpp>

namespace waybill::cli {
namespace {

constexpr std::chrono::milliseconds look_again{200};
constexpr int most_unanswered = 150;  // half a minute without a node

std::size_t number_of(const json& job, const char* name) {
  const auto found = job.find(name);
  return found != job.end() && found->is_number_unsigned() ? found->get<std::size_t>() : 0;
}

bool has_ended(const json& job) {
  const auto state = text_of(job, "state");
  return state == "completed" || state == "cancelled" || state == "failed";
}

void print_job(context& where, const json& job) {
  if (where.options.json)
    print_json(job);
  else
    std::cout << job_line(job) << '\n';
}

struct list_options {
  std::string kind, state;
  std::size_t limit = 0;
};

outcome<exit_code> list(context& where, const list_options& o) {
  table rows(where.screen, {"JOB", "KIND", "STATE", "DONE", "SKIPPED", "TOTAL", "PER SECOND", "CREATED AT"});
  query filter;
  if (!o.kind.empty()) filter.emplace_back("kind", o.kind);
  if (!o.state.empty()) filter.emplace_back("state", o.state);
  const auto done = where.rest.each("/v1/jobs", filter, o.limit, [&](const json& job) {
    if (where.options.json) {
      print_json(job);
    } else {
      rows.add({text_of(job, "id"), text_of(job, "kind"), text_of(job, "state"), text_of(job, "done"), text_of(job, "skipped"),
                text_of(job, "total"), text_of(job, "ratePerSecond"), text_of(job, "createdAt")});
    }
    return std::cout.good();
  });
  if (!done) return tl::unexpected<failure>(done.error());
  if (!where.options.json) rows.print(std::cout);
  return exit_code::ok;
}

outcome<exit_code> show(context& where, const std::string& id, bool wait) {
  auto answer = where.rest.get("/v1/jobs/" + url_encoded(id));
  if (!answer) return tl::unexpected<failure>(answer.error());
  if (!wait) {
    print_job(where, answer->value);
    return exit_code::ok;
  }
  auto ended = wait_for_job(where, std::move(answer->value));
  if (!ended) return tl::unexpected<failure>(ended.error());
  print_job(where, *ended);
  return code_of_job(*ended);
}

outcome<exit_code> send(context& where, const std::string& method, const std::string& path, std::string body) {
  const auto answer = where.rest.send(method, path, std::move(body));
  if (!answer) return tl::unexpected<failure>(answer.error());
  print_job(where, answer->value);
  return exit_code::ok;
}

void add_change(CLI::App& parent, action& chosen, const std::string& verb, const char* about) {
  auto* command = parent.add_subcommand(verb, about);
  auto id = std::make_shared<std::string>();
  command->add_option("job", *id, "job_…")->required();
  command->callback([verb, id, &chosen] {
    chosen = [verb, id](context& where) { return send(where, "POST", "/v1/jobs/" + url_encoded(*id) + '/' + verb, {}); };
  });
}

void add_show(CLI::App& parent, action& chosen) {
  auto* command = parent.add_subcommand("show", "how far a job is");
  auto id = std::make_shared<std::string>();
  auto wait = std::make_shared<bool>(false);
  command->add_option("job", *id, "job_…")->required();
  command->add_flag("--wait", *wait, "until it has ended");
  command->callback([id, wait, &chosen] { chosen = [id, wait](context& where) { return show(where, *id, *wait); }; });
}

void add_rate(CLI::App& parent, action& chosen) {
  auto* command = parent.add_subcommand("rate", "change the pace of a job");
  auto id = std::make_shared<std::string>();
  auto rate = std::make_shared<std::uint32_t>(0);
  command->add_option("job", *id, "job_…")->required();
  command->add_option("per-second", *rate, "dead letters per second")->required()->check(CLI::Range(1, 100'000));
  command->callback([id, rate, &chosen] {
    chosen = [id, rate](context& where) {
      return send(where, "PATCH", "/v1/jobs/" + url_encoded(*id), json{{"ratePerSecond", *rate}}.dump());
    };
  });
}

}  // namespace

std::string job_line(const json& job) {
  const auto done = text_of(job, "done");
  const bool redrive = text_of(job, "kind") == "redrive";
  auto line = text_of(job, "id") + ' ' + text_of(job, "state") + ": " + done + " of " + text_of(job, "total") +
              (redrive ? " redriven" : " discarded");
  if (number_of(job, "skipped") > 0) line += ", " + text_of(job, "skipped") + " skipped";
  if (const auto why = text_of(job, "lastError"); !why.empty()) line += " (" + why + ")";
  return printable(line);
}

outcome<json> wait_for_job(context& where, json job) {
  const auto path = "/v1/jobs/" + url_encoded(text_of(job, "id"));
  progress_bar bar(where.screen, number_of(job, "total"));
  int unanswered = 0;
  while (!has_ended(job)) {
    bar.advance(number_of(job, "done") + number_of(job, "skipped"), 0);
    std::this_thread::sleep_for(look_again);
    auto answer = where.rest.get(path);
    if (answer) {
      job = std::move(answer->value);
      unanswered = 0;
    } else if (answer.error().code != exit_code::unreachable || ++unanswered > most_unanswered) {
      bar.clear();
      return tl::unexpected<failure>(answer.error());
    }
  }
  bar.clear();
  return job;
}

exit_code code_of_job(const json& job) { return text_of(job, "state") == "completed" ? exit_code::ok : exit_code::failed; }

void add_jobs(CLI::App& app, action& chosen) {
  auto* command = app.add_subcommand("jobs", "redrives and discards of dead letters, under way and ended");
  command->require_subcommand(1);
  auto* listing = command->add_subcommand("list", "every one, or those that fit");
  auto o = std::make_shared<list_options>();
  listing->add_option("--kind", o->kind, "redrive or discard")->check(CLI::IsMember({"redrive", "discard"}));
  listing->add_option("--state", o->state, "only those in this state")
      ->check(CLI::IsMember({"queued", "running", "paused", "completed", "cancelled", "failed"}));
  listing->add_option("--limit", o->limit, "at most that many");
  listing->callback([o, &chosen] { chosen = [o](context& where) { return list(where, *o); }; });
  add_show(*command, chosen);
  add_change(*command, chosen, "pause", "stop a job until it is resumed");
  add_change(*command, chosen, "resume", "let a paused job go on where it stood");
  add_change(*command, chosen, "cancel", "end a job for good; what it has done stays done");
  add_rate(*command, chosen);
}

}  // namespace waybill::cli
