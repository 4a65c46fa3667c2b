// SPDX-License-Identifier: Apache-2.0
#include "core/security/audit_chain.hpp"

#include <functional>
#include <random>

#include <catch2/catch.hpp>

using namespace waybill::core;

namespace {

const organization_id chain = organization_id::make();

std::vector<audit_row> make_chain(std::size_t length) {
  std::vector<audit_row> rows;
  sha256_digest previous{};
  for (std::size_t i = 0; i < length; ++i) {
    audit_row row;
    row.number = i + 1;
    row.id = audit_id::make();
    row.entry.chain = chain;
    row.entry.at = from_unix_ms(1'767'225'600'000 + static_cast<std::int64_t>(i));
    if (i % 3 != 0) row.entry.actor = key_id::make();
    row.entry.action = "destination.created";
    row.entry.subject = "dst_" + std::to_string(i);
    row.entry.details = R"({"n":)" + std::to_string(i) + "}";
    row.previous_hash = previous;
    previous = row.hash = audit_hash(row);
    rows.push_back(std::move(row));
  }
  return rows;
}

audit_chain_state head_of(const std::vector<audit_row>& rows) {
  audit_chain_state head;
  head.last_number = rows.back().number;
  head.last_hash = rows.back().hash;
  return head;
}

std::optional<audit_fault> verify(const std::vector<audit_row>& rows, const audit_chain_state& head) {
  audit_verifier verifier(0, {});
  if (verifier.check(rows)) static_cast<void>(verifier.check_end(head));
  return verifier.fault();
}

}  // namespace

TEST_CASE("an untouched chain is sound, in one piece and in pages") {
  const auto rows = make_chain(20);
  CHECK_FALSE(verify(rows, head_of(rows)));
  audit_verifier verifier(0, {});
  for (std::size_t i = 0; i < rows.size(); i += 7)
    CHECK(verifier.check({rows.begin() + static_cast<std::ptrdiff_t>(i),
                          rows.begin() + static_cast<std::ptrdiff_t>(std::min(i + 7, rows.size()))}));
  CHECK(verifier.check_end(head_of(rows)));
  CHECK(verifier.number() == 20);
}

TEST_CASE("a change of any member of any row is found at that row") {
  const std::vector<std::function<void(audit_row&)>> changes{
      [](audit_row& r) { r.id = audit_id::make(); },
      [](audit_row& r) { r.entry.chain = organization_id::make(); },
      [](audit_row& r) { r.entry.at += milliseconds{1}; },
      [](audit_row& r) { r.entry.actor = r.entry.actor ? std::nullopt : std::optional(key_id::make()); },
      [](audit_row& r) { r.entry.action += "x"; },
      [](audit_row& r) { r.entry.subject.pop_back(); },
      [](audit_row& r) { r.entry.details += " "; },
      [](audit_row& r) { r.previous_hash[0] ^= 1; },
      [](audit_row& r) { r.hash[31] ^= 1; },
      [](audit_row& r) { std::swap(r.entry.action, r.entry.subject); },
  };
  const auto sound = make_chain(12);
  for (std::size_t at = 0; at < sound.size(); ++at)
    for (const auto& change : changes) {
      auto rows = sound;
      change(rows[at]);
      const auto fault = verify(rows, head_of(sound));
      REQUIRE(fault);
      CHECK(fault->number == at + 1);
    }
}

TEST_CASE("a row that is taken out, put in, moved or cut off is found") {
  const auto sound = make_chain(12);
  const auto head = head_of(sound);
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    auto rows = sound;
    const auto at = random() % rows.size();
    switch (round % 4) {
      case 0:
        rows.erase(rows.begin() + static_cast<std::ptrdiff_t>(at));
        break;
      case 1:
        rows.insert(rows.begin() + static_cast<std::ptrdiff_t>(at), rows[random() % rows.size()]);
        break;
      case 2:
        std::swap(rows[at], rows[(at + 1) % rows.size()]);
        break;
      default:
        rows.resize(at);
        break;
    }
    CHECK(verify(rows, head));
  }
}

TEST_CASE("a row rewritten with a hash that fits is found at the next one, and at the end by the head") {
  const auto sound = make_chain(5);
  for (std::size_t at = 0; at < sound.size(); ++at) {
    auto rows = sound;
    rows[at].entry.details = "{}";
    rows[at].hash = audit_hash(rows[at]);
    const auto fault = verify(rows, head_of(sound));
    REQUIRE(fault);
    CHECK(fault->number == std::min<std::uint64_t>(at + 2, sound.size()));
  }
}
