// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include <waybill/transfer/hashing.hpp>

#include "attempt.hpp"

namespace waybill::email {

/// An attempt through a provider's HTTP API: one request. Content that is in memory goes as one piece; what streams is read
/// once more before, where the request has to be signed.
class http_attempt final : public attempt {
public:
  using attempt::attempt;

protected:
  [[nodiscard]] bool build() override;
  void transmit() override;
  void interrupt() override;

private:
  class call;
  struct hashing;
  void hash_body();
  void submit(const std::string& body_hash);
  void answered(const call& request, const transfer::outcome& what);

  http_request request_;
  std::string body_;  ///< if it is in memory
  bool in_memory_ = true;
};

}  // namespace waybill::email
