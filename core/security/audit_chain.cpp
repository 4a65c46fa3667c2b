// SPDX-License-Identifier: Apache-2.0
#include "core/security/audit_chain.hpp"

#include <string_view>

#include "core/security/digest.hpp"

namespace waybill::core {
namespace {

constexpr std::string_view version = "waybill-audit-1";

void add_number(std::string& to, std::uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) to += static_cast<char>(value >> shift & 0xff);
}

/// Its length first, so that no two different rows come to the same bytes.
void add(std::string& to, std::string_view bytes) {
  add_number(to, bytes.size());
  to += bytes;
}

template <class Array>
std::string_view view(const Array& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

sha256_digest audit_hash(const audit_row& row) {
  const auto& e = row.entry;
  std::string bytes;
  bytes.reserve(256 + e.details.size());
  add(bytes, version);
  add(bytes, view(e.chain.bytes()));
  add_number(bytes, row.number);
  add(bytes, view(row.id.bytes()));
  add_number(bytes, static_cast<std::uint64_t>(to_unix_ms(e.at)));
  add(bytes, e.actor ? view(e.actor->bytes()) : std::string_view());
  add(bytes, e.action);
  add(bytes, e.subject);
  add(bytes, e.details);
  add(bytes, view(row.previous_hash));
  return sha256(bytes);
}

bool audit_verifier::fail_at(std::uint64_t number, const audit_row* row, const char* reason) {
  fault_ = audit_fault{number, row ? row->id.to_string() : std::string(), reason};
  return false;
}

bool audit_verifier::check(const std::vector<audit_row>& next) {
  if (fault_) return false;
  for (const auto& row : next) {
    if (row.number != number_ + 1) return fail_at(number_ + 1, nullptr, "the row is missing");
    if (row.previous_hash != hash_) return fail_at(row.number, &row, "it does not name the hash of the row before");
    if (audit_hash(row) != row.hash) return fail_at(row.number, &row, "its content does not have the hash that it states");
    number_ = row.number;
    hash_ = row.hash;
  }
  return true;
}

bool audit_verifier::check_end(const audit_chain_state& head) {
  if (fault_) return false;
  if (number_ < head.last_number) return fail_at(number_ + 1, nullptr, "the row is missing at the end of the chain");
  if (number_ > head.last_number || hash_ != head.last_hash)
    return fail_at(number_, nullptr, "the chain's head names another last row");
  return true;
}

}  // namespace waybill::core
