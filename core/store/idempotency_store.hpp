// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/model/error.hpp"
#include "core/model/id.hpp"
#include "core/model/once.hpp"
#include "core/model/time.hpp"

namespace waybill::core {

/// Answers that a repeated request gets again, sealed by the caller: they may hold a secret that was shown once. Deliveries
/// need none: theirs is made again from what was accepted (idempotency_claim).
class idempotency_reads {
public:
  virtual ~idempotency_reads() = default;

  /// Nothing for a key that is free, or past its window. idempotency_key_reused: it belongs to another request.
  virtual result<std::optional<std::string>> find_answer(organization_id org, const once_claim& claim, utc_time now) = 0;
};

class idempotency_writes {
public:
  virtual ~idempotency_writes() = default;

  /// In the transaction of the effect. idempotency_in_progress when another request took the key since find_answer: the effect
  /// must then be undone with it.
  virtual result<void> keep_answer(organization_id org, const once_claim& claim, std::string_view sealed, utc_time expires_at,
                                   utc_time now) = 0;
};

[[nodiscard]] inline tl::unexpected<error> key_reused() {
  return fail(error_code::idempotency_key_reused,
              "the idempotency key was used for another request; a new request needs a new key");
}
[[nodiscard]] inline tl::unexpected<error> still_in_progress() {
  return fail(error{error_code::idempotency_in_progress,
                    "the first request with this idempotency key is still under way",
                    {},
                    milliseconds{1'000}});
}

}  // namespace waybill::core
