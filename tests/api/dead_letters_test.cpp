// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <set>
#include <string>

#include "tests/api/running_server.hpp"

using namespace waybill;
using namespace waybill::tests;

namespace {

std::set<std::string> pointers(const http_answer& answer) {
  const auto all = answer.pointers();
  return {all.begin(), all.end()};
}

const std::string job_path = "/v1/jobs/job_01K0000000E008000000000008";

}  // namespace

TEST_CASE("dead letters are listed by every filter there is") {
  running_server node;
  auto client = node.client();
  const auto answer = client.get(
      "/v1/dead-letters?category=remote&type=webhook&payloadType=report&tag=q1&correlationId=c&from=2026-01-01T00:00:00Z"
      "&destinationId=dst_01K0000000E008000000000002,dst_01K0000000E008000000000003&taskId=tsk_01K0000000E008000000000005");
  CHECK(answer.json()["data"][0]["taskId"] == "tsk_01K0000000E008000000000005");
  CHECK_FALSE(answer.json()["data"][0].contains("attemptLog"));
  node.service.look([](const auto& s) {
    CHECK(s.letters.category == core::failure_category::remote);
    CHECK(s.letters.destination_type == "webhook");
    CHECK(s.letters.payload_type == "report");
    CHECK(s.letters.tag == "q1");
    CHECK(s.letters.correlation_id == "c");
    CHECK(s.letters.destinations.size() == 2);
    CHECK(s.letters.tasks.size() == 1);
    return 0;
  });
  CHECK(client.get("/v1/dead-letters?destinationId=dst_01K0000000E008000000000002,x").status == 400);
  CHECK(client.get("/v1/dead-letters?taskId=").status == 400);
}

TEST_CASE("one dead letter is shown with its attempts") {
  running_server node;
  auto client = node.client();
  const auto letter = client.get("/v1/dead-letters/tsk_01K0000000E008000000000005").json();
  REQUIRE(letter["attemptLog"].size() == 1);
  CHECK(letter["attemptLog"][0].contains("detail"));
  CHECK_FALSE(node.client(fake_service::viewer_key)
                  .get("/v1/dead-letters/tsk_01K0000000E008000000000005")
                  .json()["attemptLog"][0]
                  .contains("detail"));
  CHECK(client.get("/v1/dead-letters/redrive").status == 404);
}

TEST_CASE("a redrive is answered with its job, a dry run with what it would find") {
  running_server node;
  auto client = node.client();
  const auto dry = client.post("/v1/dead-letters/redrive", R"({"dryRun":true,"category":"timeout"})");
  CHECK(dry.status == 200);
  CHECK(dry.json()["count"] == 4);
  CHECK(dry.json()["sample"].size() == 1);
  CHECK(node.service.look([](const auto& s) { return s.letters.category; }) == core::failure_category::timeout);
  const auto made = client.post("/v1/dead-letters/discard", R"({"taskIds":["tsk_01K0000000E008000000000005"],"ratePerSecond":7,
      "destinationId":"dst_01K0000000E008000000000002","destinationIds":["dst_01K0000000E008000000000002"]})");
  CHECK(made.status == 202);
  CHECK(made.header("location") == "http://" + node.server->address() + job_path);
  CHECK(made.json()["kind"] == "discard");
  CHECK(made.json()["filter"]["category"] == "remote");
  node.service.look([](const auto& s) {
    CHECK(s.job_said.work == core::job_work::discard);
    CHECK(s.job_said.rate_per_second == 7u);
    CHECK(s.job_said.filter.tasks.size() == 1);
    CHECK(s.job_said.filter.destinations.size() == 1);
    return 0;
  });
  CHECK(client.request("POST", "/v1/dead-letters/redrive").status == 202);
  CHECK(node.service.look([](const auto& s) { return s.job_said.work; }) == core::job_work::redrive);
}

TEST_CASE("every fault of a redrive is named, and an empty list is not taken for all") {
  running_server node;
  CHECK(pointers(node.client().post(
            "/v1/dead-letters/discard",
            R"({"taskIds":[],"destinationIds":[],"category":"none","from":"x","to":1,"destinationId":"x","dryRun":"yes",
                "payloadType":"","tag":1,"correlationId":{},"ratePerSecond":0,"filter":{}})")) ==
        std::set<std::string>{"/taskIds", "/destinationIds", "/category", "/from", "/to", "/destinationId", "/dryRun",
                              "/payloadType", "/tag", "/correlationId", "/ratePerSecond", "/filter"});
}

TEST_CASE("jobs are listed, shown, paused, resumed, cancelled and paced") {
  running_server node;
  auto client = node.client();
  CHECK(client.get("/v1/jobs?kind=redrive&state=paused&limit=3").json()["data"][0]["done"] == 4);
  node.service.look([](const auto& s) {
    CHECK(s.jobs.work == core::job_work::redrive);
    CHECK(s.jobs.state == core::job_state::paused);
    CHECK(s.paging.limit == 3);
    return 0;
  });
  CHECK(client.get("/v1/jobs?state=asleep").status == 400);
  const auto shown = client.get(job_path).json();
  CHECK(shown["state"] == "running");
  CHECK(shown["total"] == 12);
  CHECK(shown["finishedAt"] == nullptr);
  CHECK(shown.contains("lastError"));
  CHECK_FALSE(node.client(fake_service::viewer_key).get(job_path).json().contains("lastError"));
  using kind = core::job_change::kind;
  for (const auto& [verb, meant] : {std::pair{"/pause", kind::pause}, {"/resume", kind::resume}, {"/cancel", kind::cancel}}) {
    CHECK(client.request("POST", job_path + verb).status == 200);
    CHECK(node.service.look([](const auto& s) { return s.change.what; }) == meant);
  }
  CHECK(client.request("PATCH", job_path, R"({"ratePerSecond":9})").status == 200);
  CHECK(node.service.look([](const auto& s) { return s.change.rate_per_second; }) == 9);
  CHECK(client.request("PATCH", job_path, R"({"ratePerSecond":100001})").status == 400);
  CHECK(client.get("/v1/jobs/job_x").json()["code"] == "JOB_NOT_FOUND");
}
