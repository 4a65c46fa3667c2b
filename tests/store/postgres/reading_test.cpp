// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <thread>

#include "tests/store/postgres/cluster.hpp"
#include "tests/store/store_fixture.hpp"

using namespace waybill::core;
using namespace waybill::core::test;

namespace {

const engine& postgres() {
  static const engine one{"postgresql",
                          [](const std::filesystem::path& folder) { return postgres_cluster::shared().store_for(folder); }};
  return one;
}

/// Until it succeeds: a connection that was lost is opened again after a pause.
template <class Call>
auto eventually(Call call) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{30};
  auto answer = call();
  while (!answer && std::chrono::steady_clock::now() < deadline) {
    CHECK(answer.error().code == error_code::store_unavailable);
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
    answer = call();
  }
  return must(std::move(answer));
}

/// Every session of the role the stores are opened with.
void end_sessions(postgres_cluster& server) {
  server.query("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = 'waybill'");
}

}  // namespace

TEST_CASE("a reader whose session the server has ended reads on by itself") {
  postgres_cluster server;
  scratch_folder folder;
  const auto opened = must(open_store(server.store_for(folder.path())));
  const auto reader = must(opened->open_reader());
  must(reader->all_keys());
  end_sessions(server);
  CHECK(eventually([&] { return reader->all_keys(); }).empty());
}

TEST_CASE("reads of several statements go on as well after a lost session, and see one moment") {
  postgres_cluster server;
  scratch_folder folder;
  const auto opened = must(open_store(server.store_for(folder.path())));
  const auto writer = must(opened->open_writer());
  const auto reader = must(opened->open_reader());
  const auto o = make_organization("o");
  const auto d = make_destination(o.id);
  must(writer->begin());
  must(writer->create_organization(o));
  must(writer->create_destination(d, {}));
  const auto request = make_request(o.id, {{d.id}});
  must(writer->accept({request}, at(0)));
  must(writer->commit());
  CHECK(must(reader->list_deliveries(o.id, {}, {})).items.size() == 1);
  for (int round = 0; round < 3; ++round) {
    end_sessions(server);
    const auto page = eventually([&] { return reader->list_deliveries(o.id, {}, {}); });
    REQUIRE(page.items.size() == 1);
    CHECK(page.items[0].tasks.size() == 1);
  }
}

TEST_CASE("while the server is down a read says so, and afterwards it reads") {
  postgres_cluster server;
  scratch_folder folder;
  const auto opened = must(open_store(server.store_for(folder.path())));
  const auto reader = must(opened->open_reader());
  must(reader->whole_queue(at(0)));
  server.stop("immediate");
  CHECK(code_of(reader->whole_queue(at(0))) == error_code::store_unavailable);
  CHECK(code_of(reader->list_deliveries(organization_id::make(), {}, {})) == error_code::store_unavailable);
  CHECK(code_of(reader->get_destination(organization_id::make(), destination_id::make())) == error_code::store_unavailable);
  server.start();
  eventually([&] { return reader->whole_queue(at(0)); });
}

TEST_CASE("what a filter holds is compared and never run") {
  store_fixture s(postgres());
  CHECK(must(s.reader().list_organizations({})).items.size() == 1);
  delivery_filter f;
  f.text = "'; DROP TABLE deliveries; --";
  f.tag = "' OR 1=1 --";
  CHECK(must(s.reader().list_deliveries(s.org, f, {})).items.empty());
  destination_filter d;
  d.label = "%' OR '1'='1";
  d.tag = "\\u0000' --";
  CHECK(must(s.reader().list_destinations(s.org, d, {})).items.empty());
  CHECK(must(s.reader().whole_queue(at(0))).pending == 0);
}
