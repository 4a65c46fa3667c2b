// SPDX-License-Identifier: Apache-2.0
#include "tests/store/store_fixture.hpp"

using namespace waybill::core;
using namespace waybill::core::test;

namespace {

constexpr std::uint32_t most_chunks = 2;

payload arriving(organization_id org, const std::string& content_type = "text/csv") {
  payload p;
  p.id = payload_id::make();
  p.organization = org;
  p.content_type = content_type;
  p.created_at = at(0);
  return p;
}

payload_chunk piece(std::uint32_t number, const std::string& bytes, chunk_codec codec = chunk_codec::plain) {
  return {number, codec, static_cast<std::uint32_t>(bytes.size()), bytes};
}

/// The chunks of an upload under way.
payload upload(store_fixture& s, organization_id org, const std::vector<std::string>& pieces, utc_time expires = at(1'000)) {
  auto p = arriving(org);
  must(s.write([&](write_session& w) { return w.begin_payload(p, expires); }));
  for (std::uint32_t i = 0; i < pieces.size(); ++i) {
    must(s.write([&](write_session& w) { return w.append_chunk(p.id, piece(i, pieces[i]), expires); }));
    p.size += pieces[i].size();
  }
  return p;
}

payload finish(store_fixture& s, payload p, std::uint8_t digest = 1, utc_time expires = at(2'000)) {
  p.sha256.fill(digest);
  return must(s.write([&](write_session& w) { return w.finish_payload(p, expires); }));
}

/// Runs the sweep until nothing is left to remove; how often that took.
int sweep(store_fixture& s, utc_time now) {
  int rounds = 0;
  while (must(s.write([&](write_session& w) { return w.sweep_payloads(now, most_chunks); }))) ++rounds;
  return rounds;
}

new_delivery naming(store_fixture& s, const payload& p) {
  request_options options{{s.hook}};
  options.uploaded = p;
  return make_request(s.org, options);
}

std::uint64_t references(store_fixture& s, const payload& p) { return must(s.reader().get_payload(s.org, p.id)).references; }

}  // namespace

TEST_CASE("a payload is read back chunk by chunk") {
  ON_EVERY_ENGINE(s);
  const std::string binary("a\0b\xff", 4);
  auto p = arriving(s.org);
  must(s.write([&](write_session& w) { return w.begin_payload(p, at(1'000)); }));
  must(s.write([&](write_session& w) { return w.append_chunk(p.id, piece(0, binary), at(1'000)); }));
  must(s.write([&](write_session& w) { return w.append_chunk(p.id, {1, chunk_codec::zstd, 900, "packed"}, at(1'000)); }));
  p.size = 904;
  const auto kept = finish(s, p, 7);
  CHECK(kept.id == p.id);

  const auto read = must(s.reader().get_payload(s.org, p.id));
  CHECK(read.size == 904);
  CHECK(read.sha256 == kept.sha256);
  CHECK(read.content_type == "text/csv");
  CHECK(read.created_at == at(0));
  CHECK(read.expires_at == at(2'000));
  CHECK(read.references == 0);
  CHECK(must(s.reader().read_chunk(s.org, p.id, 0)).bytes == binary);
  const auto second = must(s.reader().read_chunk(s.org, p.id, 1));
  CHECK(second.codec == chunk_codec::zstd);
  CHECK(second.size == 900);
  CHECK(second.bytes == "packed");
  CHECK(code_of(s.reader().read_chunk(s.org, p.id, 2)) == error_code::payload_not_found);
  CHECK(must(s.reader().payload_bytes(s.org)) == 904);
}

TEST_CASE("a payload that is still arriving is unknown to everyone") {
  ON_EVERY_ENGINE(s);
  const auto p = upload(s, s.org, {"abc"});
  CHECK(code_of(s.reader().get_payload(s.org, p.id)) == error_code::payload_not_found);
  CHECK(code_of(s.reader().read_chunk(s.org, p.id, 0)) == error_code::payload_not_found);
  CHECK_FALSE(must(s.reader().payload_owner(p.id)));
  CHECK(must(s.reader().payload_bytes(s.org)) == 0);
  const auto refused = s.write([&](write_session& w) { return w.accept({naming(s, p)}, at(1)); });
  CHECK(code_of(refused) == error_code::payload_not_found);
}

TEST_CASE("a payload of another organization is as an unknown one") {
  ON_EVERY_ENGINE(s);
  const auto other = s.add_organization("other");
  const auto p = finish(s, upload(s, other, {"secret"}));
  CHECK(code_of(s.reader().get_payload(s.org, p.id)) == error_code::payload_not_found);
  CHECK(code_of(s.reader().read_chunk(s.org, p.id, 0)) == error_code::payload_not_found);
  CHECK(must(s.reader().payload_owner(p.id)) == other);
  CHECK(must(s.reader().payload_bytes(s.org)) == 0);
  const auto refused = s.write([&](write_session& w) { return w.accept({naming(s, p)}, at(1)); });
  CHECK(code_of(refused) == error_code::payload_not_found);
  CHECK(must(s.reader().get_payload(other, p.id)).references == 0);
}

TEST_CASE("the same content is kept once within an organization, and never across two") {
  ON_EVERY_ENGINE(s);
  const auto other = s.add_organization("other");
  const auto first = finish(s, upload(s, s.org, {"same"}), 9, at(2'000));
  const auto second = finish(s, upload(s, s.org, {"same"}), 9, at(3'000));
  CHECK(second.id == first.id);
  CHECK(must(s.reader().get_payload(s.org, first.id)).expires_at == at(3'000));
  CHECK(finish(s, upload(s, other, {"same"}), 9).id != first.id);
  CHECK(finish(s, upload(s, s.org, {"sane"}), 8).id != first.id);
  CHECK(must(s.reader().payload_bytes(s.org)) == 8);

  // What came twice is removed, and what stays is whole.
  CHECK(sweep(s, at(1)) > 0);
  CHECK(must(s.reader().read_chunk(s.org, first.id, 0)).bytes == "same");
}

TEST_CASE("an upload that stopped is removed when its time is over, in small steps") {
  ON_EVERY_ENGINE(s);
  const auto p = upload(s, s.org, {"a", "b", "c", "d", "e"}, at(1'000));
  CHECK(sweep(s, at(999)) == 0);
  must(s.write([&](write_session& w) { return w.append_chunk(p.id, piece(5, "f"), at(5'000)); }));
  CHECK(sweep(s, at(1'000)) == 0);
  s.reopen();
  CHECK(sweep(s, at(5'000)) == 4);
  CHECK(sweep(s, at(5'000)) == 0);
  const auto late = s.write([&](write_session& w) { return w.append_chunk(p.id, piece(6, "g"), at(9'000)); });
  CHECK(code_of(late) == error_code::payload_not_found);
  CHECK(code_of(s.write([&](write_session& w) { return w.finish_payload(p, at(9'000)); })) == error_code::payload_not_found);
}

TEST_CASE("an upload given up by its sender goes with the next sweep") {
  ON_EVERY_ENGINE(s);
  const auto p = upload(s, s.org, {"a"});
  must(s.write([&](write_session& w) { return w.abort_payload(p.id); }));
  const auto late = s.write([&](write_session& w) { return w.append_chunk(p.id, piece(1, "b"), at(1'000)); });
  CHECK(code_of(late) == error_code::payload_not_found);
  CHECK(sweep(s, at(1)) == 1);
}

TEST_CASE("a stored payload cannot be aborted or written to") {
  ON_EVERY_ENGINE(s);
  const auto p = finish(s, upload(s, s.org, {"a"}));
  must(s.write([&](write_session& w) { return w.abort_payload(p.id); }));
  const auto late = s.write([&](write_session& w) { return w.append_chunk(p.id, piece(1, "b"), at(1'000)); });
  CHECK(code_of(late) == error_code::payload_not_found);
  CHECK(sweep(s, at(1)) == 0);
  CHECK(must(s.reader().get_payload(s.org, p.id)).size == 1);
}

TEST_CASE("a payload lives as long as a delivery names it") {
  ON_EVERY_ENGINE(s);
  const auto p = finish(s, upload(s, s.org, {"abc"}), 4, at(2'000));
  const auto first = naming(s, p);
  const auto second = naming(s, p);
  REQUIRE(s.accept({first, second}, at(1)).size() == 2);
  CHECK(references(s, p) == 2);
  CHECK_FALSE(must(s.reader().get_payload(s.org, p.id)).expires_at);
  CHECK(sweep(s, at(1'000'000)) == 0);

  const auto read = must(s.reader().content(s.org, first.content->id));
  CHECK(read->payload == p.id);
  CHECK(read->content.empty());
  CHECK(read->content_size() == 3);
  CHECK(read->sha256 == p.sha256);
  const auto view = s.view(first);
  CHECK(view.size == 3);
  CHECK(view.head.payload == p.id);
}

TEST_CASE("a claimed task carries its payload's id and size, not its bytes") {
  ON_EVERY_ENGINE(s);
  const auto p = finish(s, upload(s, s.org, {"abc", "def"}), 4);
  REQUIRE(s.accept({naming(s, p)}, at(1)).size() == 1);
  const auto claimed = s.claim(s.hook, 1, at(10));
  REQUIRE(claimed.tasks.size() == 1);
  CHECK(claimed.tasks[0].content->payload == p.id);
  CHECK(claimed.tasks[0].content->content.empty());
  CHECK(claimed.tasks[0].content->content_size() == 6);
}

TEST_CASE("a payload that was swept before its delivery came is refused, and nothing is written") {
  ON_EVERY_ENGINE(s);
  const auto p = finish(s, upload(s, s.org, {"abc"}), 4, at(2'000));
  CHECK(sweep(s, at(2'000)) == 1);
  CHECK(code_of(s.reader().get_payload(s.org, p.id)) == error_code::payload_not_found);
  const auto request = naming(s, p);
  CHECK(code_of(s.write([&](write_session& w) { return w.accept({request}, at(2'001)); })) == error_code::payload_not_found);
  CHECK(code_of(s.reader().get_delivery(s.org, request.content->id, false)) == error_code::delivery_not_found);
}
