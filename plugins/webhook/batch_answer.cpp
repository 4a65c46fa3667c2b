// SPDX-License-Identifier: Apache-2.0
#include "batch_answer.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

namespace waybill::webhook {
namespace {

using json = nlohmann::json;

constexpr std::uint64_t longest_retry_after_ms = std::uint64_t{30} * 24 * 60 * 60 * 1'000;  // 30 days

std::optional<std::uint64_t> whole(const json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_number_unsigned()) return std::nullopt;
  return found->get<std::uint64_t>();
}

void take(const json& entry, item_answers& out) {
  if (!entry.is_object()) return;
  const auto id = entry.find("id");
  const auto status = whole(entry, "status");
  if (id == entry.end() || !id->is_string() || !status || *status < 100 || *status > 599) return;
  item_answer answer{static_cast<std::int32_t>(*status), 0};
  answer.retry_after_ms = std::min(whole(entry, "retryAfterMs").value_or(0), longest_retry_after_ms);
  auto& held = out[id->get<std::string>()];
  if (answer.status > held.status) held = answer;
}

}  // namespace

std::optional<item_answers> read_batch_answer(std::string_view body) {
  const auto read = json::parse(body, nullptr, false);
  if (!read.is_object()) return std::nullopt;
  const auto results = read.find("results");
  if (results == read.end() || !results->is_array()) return std::nullopt;
  item_answers out;
  for (const auto& entry : *results) take(entry, out);
  return out;
}

}  // namespace waybill::webhook
