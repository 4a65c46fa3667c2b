// SPDX-License-Identifier: Apache-2.0
#include "core/model/policy.hpp"

#include <utility>

#include "core/model/enum_names.hpp"
#include "core/model/object_reader.hpp"
#include "core/model/policy_bounds.hpp"

#include <nlohmann/json.hpp>

namespace waybill::core {
namespace {

constexpr enum_names<ordering_failure, 3> ordering_failures{{"block", "park", "skip"}};

template <class T>
void lay_over(T& base, const std::optional<T>& set) {
  if (set) base = *set;
}

template <class T>
void put(nlohmann::json& object, const char* name, const std::optional<T>& value) {
  if (value) object[name] = *value;
}
void put(nlohmann::json& object, const char* name, const std::optional<std::chrono::milliseconds>& value) {
  if (value) object[name] = value->count();
}

nlohmann::json schedule_json(const std::vector<std::chrono::milliseconds>& schedule) {
  auto list = nlohmann::json::array();
  for (const auto entry : schedule) list.push_back(entry.count());
  return list;
}

void read_retry(const nlohmann::json& json, std::string pointer, policy_overrides& out, std::vector<field_fault>& faults) {
  object_reader in(json, std::move(pointer), faults);
  out.retry.max_attempts = in.count("maxAttempts", bounds::max_attempts);
  out.retry.initial_delay = in.duration("initialDelayMs", bounds::initial_delay_ms);
  out.retry.multiplier = in.real("multiplier", bounds::multiplier);
  out.retry.max_delay = in.duration("maxDelayMs", bounds::max_delay_ms);
  out.retry.jitter_factor = in.real("jitterFactor", bounds::jitter_factor);
  out.retry.schedule = in.durations("scheduleMs", bounds::schedule_entry_ms, bounds::schedule_entries);
  in.refuse_others();
  if (out.retry.initial_delay && out.retry.max_delay && *out.retry.initial_delay > *out.retry.max_delay)
    in.fault("initialDelayMs", "maximum", "Must not be greater than maxDelayMs.");
}

void read_breaker(const nlohmann::json& json, std::string pointer, policy_overrides& out, std::vector<field_fault>& faults) {
  object_reader in(json, std::move(pointer), faults);
  out.breaker.failure_threshold = in.count("failureThreshold", bounds::failure_threshold);
  out.breaker.recovery_timeout = in.duration("recoveryTimeoutMs", bounds::recovery_timeout_ms);
  out.breaker.half_open_max_calls = in.count("halfOpenMaxCalls", bounds::half_open_max_calls);
  out.breaker.ramp_up = in.duration("rampUpMs", bounds::ramp_up_ms);
  in.refuse_others();
}

void read_limits(const nlohmann::json& json, std::string pointer, policy_scope scope, policy_overrides& out,
                 std::vector<field_fault>& faults) {
  object_reader in(json, std::move(pointer), faults);
  out.limits.max_concurrency = in.count("maxConcurrency", bounds::max_concurrency);
  out.limits.rate_per_second = in.real("ratePerSecond", bounds::rate_per_second);
  out.limits.burst = in.count("burst", bounds::burst);
  if (scope == policy_scope::organization) {
    out.limits.weight = in.count("weight", bounds::weight);
    if (const auto most = in.whole("maxWaiting", bounds::max_waiting))
      out.limits.max_waiting = static_cast<std::uint64_t>(*most);
  }
  in.refuse_others();
}

void read_batch(const nlohmann::json& json, std::string pointer, policy_overrides& out, std::vector<field_fault>& faults) {
  object_reader in(json, std::move(pointer), faults);
  out.batch.max_count = in.count("maxCount", bounds::batch_count);
  if (const auto bytes = in.whole("maxBytes", bounds::batch_bytes)) out.batch.max_bytes = static_cast<std::uint64_t>(*bytes);
  out.batch.max_wait = in.duration("maxWaitMs", bounds::batch_wait_ms);
  in.refuse_others();
}

void read_ordering(const nlohmann::json& json, std::string pointer, policy_overrides& out, std::vector<field_fault>& faults) {
  object_reader in(json, std::move(pointer), faults);
  if (const auto* chosen = in.member("onFailure")) {
    if (const auto* text = chosen->get_ptr<const std::string*>()) out.ordering.on_failure = ordering_failure_from(*text);
    if (!out.ordering.on_failure) in.fault("onFailure", "enum", "Must be block, park or skip.");
  }
  in.refuse_others();
}

void put_if_any(nlohmann::json& object, const char* name, nlohmann::json part) {
  if (!part.empty()) object[name] = std::move(part);
}

}  // namespace

std::string_view to_string(ordering_failure failure) { return ordering_failures.of(failure); }
std::optional<ordering_failure> ordering_failure_from(std::string_view text) { return ordering_failures.from(text); }

policy policy_overrides::over(policy base) const {
  lay_over(base.retry.max_attempts, retry.max_attempts);
  lay_over(base.retry.initial_delay, retry.initial_delay);
  lay_over(base.retry.multiplier, retry.multiplier);
  lay_over(base.retry.max_delay, retry.max_delay);
  lay_over(base.retry.jitter_factor, retry.jitter_factor);
  lay_over(base.retry.schedule, retry.schedule);
  lay_over(base.breaker.failure_threshold, breaker.failure_threshold);
  lay_over(base.breaker.recovery_timeout, breaker.recovery_timeout);
  lay_over(base.breaker.half_open_max_calls, breaker.half_open_max_calls);
  lay_over(base.breaker.ramp_up, breaker.ramp_up);
  lay_over(base.limits.max_concurrency, limits.max_concurrency);
  lay_over(base.limits.rate_per_second, limits.rate_per_second);
  lay_over(base.limits.burst, limits.burst);
  lay_over(base.disable_threshold, disable_threshold);
  lay_over(base.batch.max_count, batch.max_count);
  lay_over(base.batch.max_bytes, batch.max_bytes);
  lay_over(base.batch.max_wait, batch.max_wait);
  lay_over(base.ordering.on_failure, ordering.on_failure);
  return base;
}

share_settings policy_overrides::share() const {
  share_settings made;
  lay_over(made.weight, limits.weight);
  lay_over(made.max_waiting, limits.max_waiting);
  return made;
}

result<policy_overrides> policy_from_json(const nlohmann::json& json, const std::string& pointer, policy_scope scope) {
  policy_overrides out;
  std::vector<field_fault> faults;
  object_reader in(json, pointer, faults);
  if (const auto* retry = in.member("retry")) read_retry(*retry, in.pointer_to("retry"), out, faults);
  if (const auto* breaker = in.member("breaker")) read_breaker(*breaker, in.pointer_to("breaker"), out, faults);
  if (const auto* limits = in.member("limits")) read_limits(*limits, in.pointer_to("limits"), scope, out, faults);
  if (const auto* batch = in.member("batch")) read_batch(*batch, in.pointer_to("batch"), out, faults);
  if (const auto* ordering = in.member("ordering")) read_ordering(*ordering, in.pointer_to("ordering"), out, faults);
  if (scope == policy_scope::organization)
    if (const auto* retention = in.member("retention"))
      out.retention = read_retention(*retention, in.pointer_to("retention"), faults);
  out.disable_threshold = in.count("disableThreshold", bounds::disable_threshold);
  in.refuse_others();
  if (faults.empty()) return out;
  return fail(error{error_code::validation_error, "The policy is not valid.", std::move(faults), std::nullopt});
}

nlohmann::json to_json(const policy_overrides& overrides) {
  auto retry = nlohmann::json::object();
  put(retry, "maxAttempts", overrides.retry.max_attempts);
  put(retry, "initialDelayMs", overrides.retry.initial_delay);
  put(retry, "multiplier", overrides.retry.multiplier);
  put(retry, "maxDelayMs", overrides.retry.max_delay);
  put(retry, "jitterFactor", overrides.retry.jitter_factor);
  if (overrides.retry.schedule) retry["scheduleMs"] = schedule_json(*overrides.retry.schedule);
  auto breaker = nlohmann::json::object();
  put(breaker, "failureThreshold", overrides.breaker.failure_threshold);
  put(breaker, "recoveryTimeoutMs", overrides.breaker.recovery_timeout);
  put(breaker, "halfOpenMaxCalls", overrides.breaker.half_open_max_calls);
  put(breaker, "rampUpMs", overrides.breaker.ramp_up);
  auto limits = nlohmann::json::object();
  put(limits, "maxConcurrency", overrides.limits.max_concurrency);
  put(limits, "ratePerSecond", overrides.limits.rate_per_second);
  put(limits, "burst", overrides.limits.burst);
  put(limits, "weight", overrides.limits.weight);
  put(limits, "maxWaiting", overrides.limits.max_waiting);
  auto batch = nlohmann::json::object();
  put(batch, "maxCount", overrides.batch.max_count);
  put(batch, "maxBytes", overrides.batch.max_bytes);
  put(batch, "maxWaitMs", overrides.batch.max_wait);

  auto json = nlohmann::json::object();
  put_if_any(json, "retry", std::move(retry));
  put_if_any(json, "breaker", std::move(breaker));
  put_if_any(json, "limits", std::move(limits));
  put_if_any(json, "batch", std::move(batch));
  if (overrides.ordering.on_failure) json["ordering"]["onFailure"] = to_string(*overrides.ordering.on_failure);
  put_if_any(json, "retention", to_json(overrides.retention));
  put(json, "disableThreshold", overrides.disable_threshold);
  return json;
}

nlohmann::json to_json(const policy& effective) {
  nlohmann::json json = {
      {"retry",
       {{"maxAttempts", effective.retry.max_attempts},
        {"initialDelayMs", effective.retry.initial_delay.count()},
        {"multiplier", effective.retry.multiplier},
        {"maxDelayMs", effective.retry.max_delay.count()},
        {"jitterFactor", effective.retry.jitter_factor}}},
      {"breaker",
       {{"failureThreshold", effective.breaker.failure_threshold},
        {"recoveryTimeoutMs", effective.breaker.recovery_timeout.count()},
        {"halfOpenMaxCalls", effective.breaker.half_open_max_calls},
        {"rampUpMs", effective.breaker.ramp_up.count()}}},
      {"limits",
       {{"maxConcurrency", effective.limits.max_concurrency},
        {"ratePerSecond", effective.limits.rate_per_second},
        {"burst", effective.limits.burst}}},
      {"batch",
       {{"maxCount", effective.batch.max_count},
        {"maxBytes", effective.batch.max_bytes},
        {"maxWaitMs", effective.batch.max_wait.count()}}},
      {"ordering", {{"onFailure", to_string(effective.ordering.on_failure)}}},
      {"disableThreshold", effective.disable_threshold},
  };
  if (!effective.retry.schedule.empty()) json["retry"]["scheduleMs"] = schedule_json(effective.retry.schedule);
  return json;
}

}  // namespace waybill::core
