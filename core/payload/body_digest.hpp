// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string_view>

#include "core/model/delivery.hpp"

namespace waybill::core {

/// SHA-256 of bytes that come piece by piece. Not thread-safe.
class body_digest {
public:
  body_digest();
  ~body_digest();
  body_digest(const body_digest&) = delete;
  body_digest& operator=(const body_digest&) = delete;

  void add(std::string_view bytes);
  [[nodiscard]] sha256_digest finish();  ///< once

private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace waybill::core
