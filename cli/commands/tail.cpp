// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <atomic>
#include <csignal>
#include <iostream>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "cli/commands/commands.hpp"
#include "core/model/time.hpp"

#include <CLI/CLI.hpp>
#include <ctime>

namespace waybill::cli {
namespace {

std::atomic<bool> interrupted{false};

void on_interrupt(int) { interrupted = true; }

struct tail_options {
  std::string destination;
  std::string status;
  std::string since;
  double interval_seconds = 1;
  std::size_t count = 0;
};

/// Asks again and again for what was accepted from a moment on and shows what it has not shown. The moment moves along with
/// what came, a little behind it: deliveries become visible in the order of their commits, not of their times.
class tail_view {
public:
  tail_view(context& where, const tail_options& options, core::utc_time from)
      : where_(where), options_(options), from_(core::to_rfc3339(from)) {}

  outcome<exit_code> run() {
    while (!interrupted && std::cout.good() && !is_enough()) {
      if (const auto done = poll(); !done) {
        if (done.error().code != exit_code::unreachable || !ever_answered_) return tl::unexpected<failure>(done.error());
        // A node that restarts comes back; whoever watches wants to see it.
      }
      if (!is_enough()) pause();
    }
    return exit_code::ok;
  }

private:
  outcome<void> poll() {
    std::vector<json> fresh;
    auto done = where_.rest.each("/v1/deliveries", parameters(), 0, [&](const json& delivery) {
      if (shown_.emplace(text_of(delivery, "queuedAt"), text_of(delivery, "deliveryId")).second) fresh.push_back(delivery);
      return !interrupted;
    });
    if (!done) return done;
    ever_answered_ = true;
    std::stable_sort(fresh.begin(), fresh.end(),
                     [](const json& a, const json& b) { return text_of(a, "queuedAt") < text_of(b, "queuedAt"); });
    for (const auto& delivery : fresh)
      if (!is_enough()) show(delivery);
    if (!fresh.empty()) move_on(text_of(fresh.back(), "queuedAt"));
    return {};
  }

  query parameters() const {
    query q{{"from", from_}};
    if (!options_.destination.empty()) q.emplace_back("destinationId", options_.destination);
    if (!options_.status.empty()) q.emplace_back("status", options_.status);
    return q;
  }

  /// With a status asked for, an old delivery may come to it at any time, so the moment stays.
  void move_on(const std::string& newest) {
    const auto time = core::parse_rfc3339(newest);
    if (!time || !options_.status.empty()) return;
    from_ = std::max(from_, core::to_rfc3339(*time - std::chrono::seconds{10}));
    shown_.erase(shown_.begin(), shown_.lower_bound({from_, ""}));
  }

  void show(const json& delivery) {
    ++count_;
    if (where_.options.json) return print_json(delivery);
    std::cout << where_.screen.paint(color::dim, printable(text_of(delivery, "queuedAt"))) << "  "
              << printable(text_of(delivery, "deliveryId")) << "  "
              << where_.screen.paint_status(printable(text_of(delivery, "status")));
    const auto targets = delivery.find("destinations");
    if (targets != delivery.end() && targets->is_array())
      for (const auto& target : *targets) std::cout << "  " << printable(text_of(target, "destinationId"));
    std::cout << std::endl;
  }

  /// Ends early when a signal comes.
  void pause() const {
    const auto whole = static_cast<time_t>(options_.interval_seconds);
    timespec wait{whole, static_cast<long>((options_.interval_seconds - static_cast<double>(whole)) * 1e9)};
    nanosleep(&wait, nullptr);
  }

  bool is_enough() const { return options_.count != 0 && count_ >= options_.count; }

  context& where_;
  const tail_options& options_;
  std::string from_;
  std::set<std::pair<std::string, std::string>> shown_;  ///< time and id; what lies before `from_` is forgotten
  std::size_t count_ = 0;
  bool ever_answered_ = false;
};

outcome<exit_code> run(context& where, const tail_options& options) {
  const auto from = options.since.empty() ? std::optional{core::system_clock{}.now()} : core::parse_rfc3339(options.since);
  if (!from) return fail(exit_code::usage, "--since: expected a time like 2026-01-31T09:15:00Z, got '" + options.since + "'");
  struct sigaction on {};
  on.sa_handler = on_interrupt;  // no SA_RESTART: the pause must end
  sigaction(SIGINT, &on, nullptr);
  sigaction(SIGTERM, &on, nullptr);
  return tail_view(where, options, *from).run();
}

}  // namespace

void add_tail(CLI::App& app, action& chosen) {
  auto* command = app.add_subcommand("tail", "show deliveries as they are accepted, until interrupted");
  auto options = std::make_shared<tail_options>();
  command->add_option("--destination", options->destination, "only those for this destination");
  command->add_option("--status", options->status, "only those in this state")
      ->check(CLI::IsMember({"queued", "processing", "completed", "failed", "cancelled"}));
  command->add_option("--since", options->since, "begin with what was accepted from this time on; default: now");
  command->add_option("--interval", options->interval_seconds, "seconds between two looks")
      ->check(CLI::Range(0.05, 3600.0))
      ->capture_default_str();
  command->add_option("--count", options->count, "end after that many");
  command->callback([options, &chosen] { chosen = [options](context& where) { return run(where, *options); }; });
}

}  // namespace waybill::cli
