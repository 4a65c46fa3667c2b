// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>

namespace waybill::core {

/// A client's promise that two requests are the same one (api.md, Idempotency), within one organization.
struct once_claim {
  std::string route;                           ///< method and path
  std::string key;                             ///< 1 to 255 printable ASCII characters
  std::array<std::uint8_t, 32> fingerprint{};  ///< SHA-256 over all that makes the request what it is, the API key included
};

/// An answer as its first request got it.
struct kept_answer {
  int status = 200;
  std::string headers;  ///< whole lines
  std::string body;
};

/// A request that must have its effect once. It travels with the caller to whoever writes the effect, who keeps the answer in
/// the same transaction: so there is never one without the other, whatever becomes of the process. Made by the api.
struct once_call {
  once_claim claim;
  /// The answer to what the service made (a pointer to the T of its reply<T>, as the client will see it). Called inside the
  /// transaction on the store writer's thread; must not block.
  std::function<kept_answer(const void* made)> render;
  /// Called in place of the reply when another request with this key came first.
  std::function<void(kept_answer)> replay;
};

}  // namespace waybill::core
