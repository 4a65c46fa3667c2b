// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/model/audit.hpp"

namespace waybill::core {

/// SHA-256 over everything a row says and the hash of the row before. The bytes that are hashed are documented for whoever
/// verifies a trail with a program of his own (docs/retention.md).
[[nodiscard]] sha256_digest audit_hash(const audit_row& row);

/// The first thing wrong with a chain.
struct audit_fault {
  std::uint64_t number = 0;
  std::string id;      ///< of the row there; empty if it is missing
  std::string reason;  ///< for a person
};

/// Walks a chain in order, row by row, from the row after `number` with that hash. Holds no rows.
class audit_verifier {
public:
  audit_verifier(std::uint64_t after_number, const sha256_digest& after_hash) : number_(after_number), hash_(after_hash) {}

  /// The rows that follow, oldest first. False at the first fault; then it stays false.
  bool check(const std::vector<audit_row>& next);
  /// At the end: what the chain's head says its last row is.
  bool check_end(const audit_chain_state& head);

  [[nodiscard]] const std::optional<audit_fault>& fault() const { return fault_; }
  [[nodiscard]] std::uint64_t number() const { return number_; }  ///< of the last sound row
  [[nodiscard]] const sha256_digest& hash() const { return hash_; }

private:
  bool fail_at(std::uint64_t number, const audit_row* row, const char* reason);

  std::uint64_t number_;
  sha256_digest hash_;
  std::optional<audit_fault> fault_;
};

}  // namespace waybill::core
