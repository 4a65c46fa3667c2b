// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "core/model/error.hpp"
#include "core/model/payload.hpp"

namespace waybill::core {

/// One upload under way, given to whoever receives the bytes, by whom it is owned: dropped before `finish` has answered, it
/// is given up and nothing of it stays. Calls never block; answers come once each, from any thread, possibly at once.
class payload_upload {
public:
  virtual ~payload_upload() = default;
  /// The next bytes, any number of them; payload_chunk_bytes at a time costs least. Answered when what they fill is on stable
  /// storage: who waits for the answers holds back the sender. Several may be under way, in order.
  /// payload_too_large, validation_error (not the JSON its type says), store_unavailable. After an error all others follow.
  virtual void append(std::string bytes, std::function<void(result<void>)> done) = 0;
  /// Once, when every append has answered. `expected`: what the sender said the SHA-256 is; validation_error if it is not.
  virtual void finish(std::optional<sha256_digest> expected, std::function<void(result<payload>)> done) = 0;
};

}  // namespace waybill::core
