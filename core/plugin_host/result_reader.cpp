// SPDX-License-Identifier: Apache-2.0
#include "core/plugin_host/result_reader.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>

#include <fmt/format.h>

#include "core/plugin_host/foreign_text.hpp"

namespace waybill::core {
namespace {

constexpr std::size_t max_reference_bytes = 1'024;
constexpr std::size_t max_detail_bytes = 4'096;
constexpr std::size_t max_message_bytes = 1'024;
/// 400 days: beyond any policy's maximum delay, and far from where adding it to a time overflows.
constexpr std::uint64_t max_retry_after_ms = 400ull * 24 * 60 * 60 * 1'000;
/// Up to and including `action`: below that there is no result.
constexpr std::size_t smallest_result = offsetof(wb_result, action) + sizeof(wb_result::action);

/// False when the bytes at `foreign` are no result at all.
bool copy_result(const wb_result* foreign, wb_result& own) {
  std::memset(&own, 0, sizeof own);
  if (foreign == nullptr || foreign->struct_size < smallest_result) return false;
  std::memcpy(&own, foreign, std::min<std::size_t>(foreign->struct_size, sizeof own));
  return true;
}

/// The record, or a JSON object that says why there is none.
std::string read_record(wb_str record, bool& is_fault) {
  switch (check_record(record)) {
    case record_verdict::empty:
      return {};
    case record_verdict::good:
      return std::string{record.ptr, static_cast<std::size_t>(record.size)};
    case record_verdict::too_large:
      return fmt::format(R"({{"omitted":"larger than {} bytes","bytes":{}}})", max_record_bytes, record.size);
    case record_verdict::not_a_json_object:
      break;
  }
  is_fault = true;
  return R"({"omitted":"not a JSON object"})";
}

failure_category default_category(attempt_action action) {
  switch (action) {
    case attempt_action::throttled:
      return failure_category::rate_limit;
    case attempt_action::retry:
    case attempt_action::reject:
      return failure_category::system;
    default:
      return failure_category::none;
  }
}

failure_category read_category(std::uint32_t category, attempt_action action, bool& is_fault) {
  if (action == attempt_action::delivered) return failure_category::none;
  if (category == 0) return default_category(action);
  if (category > WB_CATEGORY_SYSTEM) {
    is_fault = true;
    return failure_category::system;
  }
  // The line counts from configuration = 1, the model from none = 1.
  return static_cast<failure_category>(category + 1);
}

static_assert(static_cast<int>(attempt_action::delivered) == WB_ACTION_DELIVERED);
static_assert(static_cast<int>(attempt_action::canceled) == WB_ACTION_CANCELED);
static_assert(static_cast<int>(failure_category::configuration) == WB_CATEGORY_CONFIGURATION + 1);
static_assert(static_cast<int>(failure_category::system) == WB_CATEGORY_SYSTEM + 1);

}  // namespace

attempt_result system_failure(std::string detail) {
  attempt_result out;
  out.action = attempt_action::retry;
  out.category = failure_category::system;
  out.detail = std::move(detail);
  out.message = "The delivery could not be carried out; it will be tried again.";
  return out;
}

read_outcome read_result(const wb_result* foreign) {
  wb_result own;
  if (!copy_result(foreign, own)) return {system_failure("the plugin completed the call without a result"), true};
  if (own.action < WB_ACTION_DELIVERED || own.action > WB_ACTION_CANCELED)
    return {system_failure(fmt::format("the plugin completed the call with action {}, which does not exist", own.action)),
            true};

  read_outcome out;
  auto& result = out.result;
  result.action = static_cast<attempt_action>(own.action);
  result.category = read_category(own.category, result.action, out.is_fault);
  result.code = own.code;
  if (own.retry_after_ms > 0)
    result.retry_after = milliseconds{static_cast<std::int64_t>(std::min(own.retry_after_ms, max_retry_after_ms))};
  result.bytes_sent = std::min<std::uint64_t>(own.bytes_sent, INT64_MAX);
  result.disable_destination = own.disable_destination != 0;
  result.external_reference = clean_text(own.external_reference, max_reference_bytes);
  result.detail = clean_text(own.detail, max_detail_bytes);
  result.message = clean_text(own.message, max_message_bytes);
  result.request = read_record(own.request, out.is_fault);
  result.response = read_record(own.response, out.is_fault);
  return out;
}

}  // namespace waybill::core
