// SPDX-License-Identifier: Apache-2.0
// Uploads into a real store, and reading them back.
#include "core/payload/payload_intake.hpp"

#include <catch2/catch.hpp>
#include <future>
#include <string>

#include "core/payload/payload_source.hpp"
#include "core/security/digest.hpp"
#include "core/store/store_readers.hpp"
#include "tests/core/temporary_folder.hpp"

using namespace waybill::core;

namespace {

std::string some_bytes(std::size_t size) {
  std::string out(size, '\0');
  unsigned state = 1;
  for (auto& c : out) c = static_cast<char>((state = state * 1664525 + 1013904223) >> 25);
  return out;
}

/// A store with one organization, its threads, and an intake.
struct fixture {
  explicit fixture(payload_intake::options settings = defaults()) {
    storage = *open_store("sqlite://" + folder.file("waybill.db"));
    writer = std::make_unique<store_writer>(*storage->open_writer(), time, store_writer::options{});
    readers = *store_readers::start(*storage, 2);
    organization o;
    o.id = org;
    o.name = "one";
    o.created_at = o.updated_at = time.now();
    o.version = 1;
    REQUIRE(write([&](write_session& s) { return s.create_organization(o); }));
    intake = std::make_unique<payload_intake>(*writer, time, settings);
    source = std::make_unique<payload_source>(*readers, 4);
  }
  ~fixture() {
    intake->stop();
    writer->stop();
    readers->stop();
  }

  static payload_intake::options defaults() {
    payload_intake::options o;
    o.most_bytes = 10'000'000;
    o.most_at_once = 2;
    o.keep_unused = milliseconds{60'000};
    return o;
  }

  /// Behind all that uploads have handed in.
  result<void> write(store_writer::job work) {
    auto answer = std::make_shared<std::promise<result<void>>>();
    writer->run_bulk(std::move(work), [answer](result<void> done) { answer->set_value(std::move(done)); });
    return answer->get_future().get();
  }
  result<std::shared_ptr<payload_upload>> begin(const std::string& type = "text/csv", std::optional<std::uint64_t> size = {}) {
    auto answer = std::make_shared<std::promise<result<std::shared_ptr<payload_upload>>>>();
    intake->begin(org, type, size, [answer](auto begun) { answer->set_value(std::move(begun)); });
    return answer->get_future().get();
  }
  static result<void> append(payload_upload& to, std::string bytes) {
    auto answer = std::make_shared<std::promise<result<void>>>();
    to.append(std::move(bytes), [answer](result<void> done) { answer->set_value(std::move(done)); });
    return answer->get_future().get();
  }
  static result<payload> finish(payload_upload& to, std::optional<sha256_digest> expected = {}) {
    auto answer = std::make_shared<std::promise<result<payload>>>();
    to.finish(expected, [answer](result<payload> done) { answer->set_value(std::move(done)); });
    return answer->get_future().get();
  }
  result<payload> upload(const std::string& content, std::size_t step, const std::string& type = "text/csv") {
    auto to = begin(type);
    REQUIRE(to);
    for (std::size_t at = 0; at < content.size(); at += step)
      if (auto done = append(**to, content.substr(at, step)); !done) return fail(done.error());
    return finish(**to);
  }
  std::string read(const payload& p, std::size_t room) {
    std::string out;
    std::string buffer(room, '\0');
    for (;;) {
      const auto got = source->read({org, p.id, p.size}, out.size(), reinterpret_cast<std::uint8_t*>(buffer.data()), room);
      REQUIRE(got);
      if (*got == 0) return out;
      out.append(buffer, 0, *got);
    }
  }
  /// Chunks and rows that are left, whatever their state.
  bool sweep_finds_more(utc_time now) {
    bool more = false;
    REQUIRE(write([&](write_session& s) -> result<void> {
      auto swept = s.sweep_payloads(now, 100);
      if (!swept) return fail(swept.error());
      more = *swept;
      return {};
    }));
    return more;
  }

  tests::temporary_folder folder;
  system_clock time;
  organization_id org = organization_id::make();
  std::unique_ptr<store> storage;
  std::unique_ptr<store_writer> writer;
  std::unique_ptr<store_readers> readers;
  std::unique_ptr<payload_intake> intake;
  std::unique_ptr<payload_source> source;
};

}  // namespace

TEST_CASE("content of any size comes out as it went in, in whatever pieces") {
  fixture f;
  const auto size = GENERATE(as<std::size_t>{}, 0, 1, 1'000, payload_chunk_bytes - 1, payload_chunk_bytes,
                             payload_chunk_bytes + 1, 3 * payload_chunk_bytes, 3'500'000);
  const auto step = GENERATE(as<std::size_t>{}, 100'000, payload_chunk_bytes, 5'000'000);
  const auto content = some_bytes(size);
  const auto stored = f.upload(content, step);
  REQUIRE(stored);
  CHECK(stored->size == size);
  CHECK(stored->sha256 == sha256(content));
  CHECK(f.read(*stored, 70'000) == content);
  CHECK(f.read(*stored, 2'000'000) == content);
}

TEST_CASE("reads at any offset give what is there, and nothing behind the end") {
  fixture f;
  const auto content = some_bytes(2'500'000);
  const auto stored = f.upload(content, 1'000'000).value();
  std::string buffer(300'000, '\0');
  for (const std::size_t at : {2'400'000u, 0u, 1'048'575u, 1'048'576u, 2'499'999u}) {
    const auto got =
        f.source->read({f.org, stored.id, stored.size}, at, reinterpret_cast<std::uint8_t*>(buffer.data()), buffer.size());
    REQUIRE(got);
    CHECK(*got > 0);
    CHECK(content.compare(at, *got, buffer, 0, *got) == 0);
  }
  CHECK(f.source->read({f.org, stored.id, stored.size}, stored.size, nullptr, 10).value() == 0);
  CHECK(f.source->read({f.org, stored.id, stored.size}, stored.size + 10'000'000, nullptr, 10).value() == 0);
}

TEST_CASE("several read one payload at once, and another organization reads none of it") {
  fixture f;
  const auto content = some_bytes(6'000'000);
  const auto stored = f.upload(content, payload_chunk_bytes).value();
  std::vector<std::future<bool>> readers;
  for (int i = 0; i < 6; ++i)
    readers.push_back(std::async(std::launch::async, [&, room = 10'000u + 30'000u * static_cast<unsigned>(i)] {
      return f.read(stored, room) == content;
    }));
  for (auto& one : readers) CHECK(one.get());
  std::uint8_t byte = 0;
  const auto foreign = f.source->read({organization_id::make(), stored.id, stored.size}, 0, &byte, 1);
  REQUIRE_FALSE(foreign);
  CHECK(foreign.error().code == error_code::payload_not_found);
}

TEST_CASE("the same content again is the same payload") {
  fixture f;
  const auto content = some_bytes(1'200'000);
  const auto first = f.upload(content, 500'000).value();
  CHECK(f.upload(content, 300'000).value().id == first.id);
  CHECK(f.upload(content, 300'000, "text/plain").value().id != first.id);
  while (f.sweep_finds_more(f.time.now())) {}
  CHECK(f.read(first, 100'000) == content);
}

TEST_CASE("an upload dropped before its end is swept at once") {
  fixture f;
  {
    auto to = f.begin().value();
    REQUIRE(fixture::append(*to, some_bytes(3'000'000)));
    CHECK_FALSE(f.sweep_finds_more(f.time.now()));
  }
  CHECK(f.sweep_finds_more(f.time.now()));
  CHECK_FALSE(f.sweep_finds_more(f.time.now() + milliseconds{1'000'000}));
}

TEST_CASE("a payload larger than may be is refused before or while it comes") {
  fixture f;
  CHECK(f.begin("a/b", 10'000'001).error().code == error_code::payload_too_large);
  const auto stored = f.upload(some_bytes(10'000'001), 2'000'000);
  REQUIRE_FALSE(stored);
  CHECK(stored.error().code == error_code::payload_too_large);
  CHECK(f.upload(some_bytes(10'000'000), 2'000'000));
}

TEST_CASE("an organization keeps no more than it may") {
  auto settings = fixture::defaults();
  settings.organization_bytes = 5'000'000;
  fixture f{settings};
  CHECK(f.upload(some_bytes(3'000'000), payload_chunk_bytes));
  CHECK(f.begin("a/b", 2'000'001).error().code == error_code::payload_too_large);
  CHECK(f.upload(some_bytes(2'000'001), payload_chunk_bytes).error().code == error_code::payload_too_large);
  CHECK(f.upload(some_bytes(2'000'000), payload_chunk_bytes));
}

TEST_CASE("no more uploads are taken at once than may be") {
  fixture f;
  auto first = f.begin().value();
  auto second = f.begin().value();
  const auto third = f.begin();
  REQUIRE_FALSE(third);
  CHECK(third.error().code == error_code::rate_limit_exceeded);
  CHECK(third.error().retry_after);
  REQUIRE(fixture::finish(*first));
  first.reset();
  CHECK(f.begin());
}

TEST_CASE("content that says it is JSON must be") {
  fixture f;
  CHECK(f.upload(R"({"a": [1, 2)" + std::string(2'000'000, ' ') + "]}", 700'000, "application/json"));
  CHECK(f.upload("[1", 1, "application/fhir+json; charset=utf-8").error().code == error_code::validation_error);
  const auto refused = f.upload("{\"a\":}", 2, "text/json");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().fields.at(0).pointer == "Content-Type");
  CHECK(f.upload("{\"a\":}", 2, "text/plain"));
}

TEST_CASE("an expected digest that is another one refuses the upload") {
  fixture f;
  auto to = f.begin().value();
  REQUIRE(fixture::append(*to, "abc"));
  CHECK(fixture::finish(*to, sha256("abd")).error().code == error_code::validation_error);
  auto again = f.begin().value();
  REQUIRE(fixture::append(*again, "abc"));
  CHECK(fixture::finish(*again, sha256("abc")));
}

TEST_CASE("an upload that the sweep took fails, and stays failed") {
  fixture f;
  auto to = f.begin().value();
  REQUIRE(fixture::append(*to, some_bytes(payload_chunk_bytes)));
  while (f.sweep_finds_more(f.time.now() + milliseconds{600'000})) {}
  CHECK(fixture::append(*to, some_bytes(payload_chunk_bytes)).error().code == error_code::payload_not_found);
  CHECK_FALSE(fixture::append(*to, "x"));
  CHECK_FALSE(fixture::finish(*to));
}

TEST_CASE("after a stop uploads are told that the node is stopping") {
  fixture f;
  auto to = f.begin().value();
  f.intake->stop();
  CHECK(fixture::append(*to, "x").error().code == error_code::shutting_down);
  CHECK(f.begin().error().code == error_code::shutting_down);
}
