// SPDX-License-Identifier: Apache-2.0
#include "actors/kept_answers.hpp"

#include <string>

#include <nlohmann/json.hpp>

namespace waybill::actors {
namespace {

using nlohmann::json;

/// An answer moved to another key or organization does not open.
std::string seal_context(core::organization_id org, const core::once_claim& claim) {
  return "answer/" + org.to_string() + '/' + claim.route + '/' + claim.key;
}

core::result<core::kept_answer> answer_from(const std::string& text) {
  const auto stored = json::parse(text, nullptr, false);
  const auto is_text = [&](const char* name) { return stored.contains(name) && stored[name].is_string(); };
  if (!stored.is_object() || !stored.contains("status") || !stored["status"].is_number_integer() || !is_text("headers") ||
      !is_text("body"))
    return core::fail(core::error_code::internal_error, "the store holds an answer that cannot be read");
  return core::kept_answer{stored["status"].get<int>(), stored["headers"].get<std::string>(),
                           stored["body"].get<std::string>()};
}

}  // namespace

core::result<std::optional<core::kept_answer>> earlier_answer(const engine_context& context, core::read_session& session,
                                                              core::organization_id org, const core::once_claim& claim) {
  auto sealed = session.find_answer(org, claim, context.time.now());
  if (!sealed) return core::fail(sealed.error());
  if (!*sealed) return std::optional<core::kept_answer>{};
  auto clear = context.box.open(**sealed, seal_context(org, claim));
  if (!clear) return core::fail(clear.error());
  auto answer = answer_from(*clear);
  if (!answer) return core::fail(answer.error());
  return std::optional<core::kept_answer>{*std::move(answer)};
}

core::result<void> keep_answer(const engine_context& context, core::write_session& session, core::organization_id org,
                               const core::once_call& call, const void* made) {
  const auto answer = call.render(made);
  const json stored{{"status", answer.status}, {"headers", answer.headers}, {"body", answer.body}};
  const auto text = stored.dump(-1, ' ', false, json::error_handler_t::replace);
  const auto now = context.time.now();
  return session.keep_answer(org, call.claim, context.box.seal(text, seal_context(org, call.claim)),
                             now + context.settings.security.idempotency_window, now);
}

}  // namespace waybill::actors
