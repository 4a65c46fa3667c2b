// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/delivery_view.hpp"

#include <algorithm>
#include <chrono>
#include <ostream>
#include <thread>

namespace waybill::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

const json& list_of(const json& object, const char* name) {
  static const json none = json::array();
  if (!object.is_object()) return none;
  const auto found = object.find(name);
  return found == object.end() || !found->is_array() ? none : *found;
}

void print_field(std::ostream& out, const terminal& screen, const char* label, const std::string& text) {
  if (!text.empty()) out << "  " << screen.paint(color::dim, label) << "  " << printable(text) << '\n';
}

void print_attempt(std::ostream& out, const terminal& screen, const json& attempt) {
  const auto outcome_word = text_of(attempt, "outcome");
  out << "      #" << or_dash(text_of(attempt, "number")) << "  " << printable(text_of(attempt, "startedAt")) << "  "
      << or_dash(text_of(attempt, "durationMs")) << " ms  " << screen.paint_status(printable(outcome_word));
  if (const auto code = text_of(attempt, "code"); !code.empty() && code != "0") out << "  " << printable(code);
  if (const auto category = text_of(attempt, "category"); !category.empty() && category != "none")
    out << "  " << printable(category);
  // The operator's text says more; who may not see it gets the customer's.
  const auto detail = text_of(attempt, "detail");
  if (const auto why = detail.empty() ? text_of(attempt, "message") : detail; !why.empty()) out << "  " << printable(why);
  out << '\n';
}

void print_task(std::ostream& out, const terminal& screen, const json& task) {
  const auto label = text_of(task, "label"), type = text_of(task, "type");
  out << "    " << screen.paint_status(printable(text_of(task, "status"))) << "  " << printable(text_of(task, "destinationId"));
  if (!label.empty() || !type.empty()) out << "  " << printable(label) << (type.empty() ? "" : " (" + printable(type) + ")");
  out << '\n';
  print_field(out, screen, "    next attempt", text_of(task, "nextAttemptAt"));
  print_field(out, screen, "    reason", text_of(task, "failureReason"));
  print_field(out, screen, "    reference", text_of(task, "externalReference"));
  for (const auto& attempt : list_of(task, "attemptLog")) print_attempt(out, screen, attempt);
}

}  // namespace

bool is_final_status(const std::string& status) { return status == "completed" || status == "failed" || status == "cancelled"; }

void print_delivery(std::ostream& out, const terminal& screen, const json& delivery) {
  out << screen.paint(color::bold, printable(text_of(delivery, "deliveryId"))) << "  "
      << screen.paint_status(printable(text_of(delivery, "status"))) << '\n';
  const auto options = delivery.is_object() && delivery.contains("options") ? delivery["options"] : json::object();
  print_field(out, screen, "queued     ", text_of(delivery, "queuedAt"));
  print_field(out, screen, "scheduled  ", text_of(options, "scheduledAt"));
  print_field(out, screen, "correlation", text_of(options, "correlationId"));
  for (const auto& task : list_of(delivery, "destinations")) print_task(out, screen, task);
  out.flush();
}

outcome<json> wait_for_delivery(context& where, const std::string& id, double timeout_seconds,
                                const std::function<void(const json&)>& seen) {
  const auto started = steady_clock::now();
  json last;
  for (auto pause = milliseconds{50};; pause = std::min(pause * 2, milliseconds{1'000})) {
    auto answer = where.rest.get("/v1/deliveries/" + url_encoded(id));
    if (!answer) return tl::unexpected<failure>(answer.error());
    if (answer->value != last) seen(answer->value);
    last = std::move(answer->value);
    const auto gone = std::chrono::duration<double>(steady_clock::now() - started).count();
    if (is_final_status(text_of(last, "status")) || (timeout_seconds > 0 && gone >= timeout_seconds)) return last;
    std::this_thread::sleep_for(pause);
  }
}

}  // namespace waybill::cli
