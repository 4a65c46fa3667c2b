// SPDX-License-Identifier: Apache-2.0
#include "api/json_job.hpp"

#include <fmt/format.h>

#include "api/json_text.hpp"
#include "core/store/job_codec.hpp"

namespace waybill::api {

std::string job_text(const core::job& j, audience reader, std::string_view base_url) {
  const auto id = j.id.to_string();
  nlohmann::json document{{"id", id},
                          {"kind", core::to_string(j.work)},
                          {"state", core::to_string(j.state)},
                          {"filter", core::to_json(j.filter)},
                          {"ratePerSecond", j.rate_per_second},
                          {"total", j.total},
                          {"done", j.done},
                          {"skipped", j.skipped},
                          {"createdBy", j.created_by.to_string()},
                          {"createdAt", core::to_rfc3339(j.created_at)},
                          {"updatedAt", core::to_rfc3339(j.updated_at)},
                          {"finishedAt", time_or_null(j.finished_at)},
                          {"links", {{"self", fmt::format("{}/v1/jobs/{}", base_url, id)}}}};
  if (reader == audience::operators) document["lastError"] = text_or_null(j.last_error);
  return to_text(document);
}

std::string preview_text(const core::dead_letter_preview& preview, std::string_view base_url) {
  auto out = fmt::format("{{\"count\":{},\"dryRun\":true,\"sample\":[", preview.count);
  bool first = true;
  for (const auto& letter : preview.sample) {
    if (!std::exchange(first, false)) out += ',';
    out += dead_letter_text(letter, base_url);
  }
  return out + "]}";
}

}  // namespace waybill::api
