// SPDX-License-Identifier: Apache-2.0
#include <iostream>
#include <memory>
#include <sstream>

#include "cli/commands/commands.hpp"
#include "cli/commands/delivery_view.hpp"

#include <CLI/CLI.hpp>

namespace waybill::cli {
namespace {

struct status_options {
  std::string id;
  bool watch = false;
};

/// Draws the delivery over what it drew before, on a terminal; elsewhere each change below the other.
class watch_view {
public:
  explicit watch_view(const terminal& screen) : screen_(screen) {}

  void show(const json& delivery) {
    std::ostringstream text;
    print_delivery(text, screen_, delivery);
    if (screen_.out_is_terminal() && lines_ > 0) std::cout << "\x1b[" << lines_ << "A\x1b[J";
    std::cout << text.str() << std::flush;
    lines_ = 0;
    for (const char c : text.str()) lines_ += c == '\n' ? 1 : 0;
  }

private:
  const terminal& screen_;
  int lines_ = 0;
};

outcome<exit_code> watch(context& where, const std::string& id) {
  watch_view view(where.screen);
  const auto show = [&](const json& delivery) {
    if (where.options.json) {
      print_json(delivery);
    } else {
      view.show(delivery);
    }
  };
  const auto last = wait_for_delivery(where, id, 0, show);
  if (!last) return tl::unexpected<failure>(last.error());
  return text_of(*last, "status") == "completed" ? exit_code::ok : exit_code::failed;
}

outcome<exit_code> show_once(context& where, const std::string& id) {
  const auto answer = where.rest.get("/v1/deliveries/" + url_encoded(id));
  if (!answer) return tl::unexpected<failure>(answer.error());
  if (where.options.json) {
    print_json(answer->value);
  } else {
    print_delivery(std::cout, where.screen, answer->value);
  }
  return exit_code::ok;
}

}  // namespace

void add_status(CLI::App& app, action& chosen) {
  auto* command = app.add_subcommand("status", "a delivery with its tasks and every attempt");
  auto options = std::make_shared<status_options>();
  command->add_option("ID", options->id, "delivery id (dlv_…)")->required();
  command->add_flag("--watch", options->watch, "until it is completed, failed or cancelled; exit code 1 unless completed");
  command->callback([options, &chosen] {
    chosen = [options](context& where) { return options->watch ? watch(where, options->id) : show_once(where, options->id); };
  });
}

}  // namespace waybill::cli
