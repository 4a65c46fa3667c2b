// SPDX-License-Identifier: Apache-2.0
#include "tests/cli/fake_node.hpp"
#include "tests/cli/program.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

namespace waybill::cli::testing {
namespace {

using nlohmann::json;

canned job(const char* state, int done, const char* kind, int skipped = 0) {
  return {200,
          json{{"id", "job_1"},
               {"kind", kind},
               {"state", state},
               {"done", done},
               {"total", 7},
               {"skipped", skipped},
               {"ratePerSecond", 500},
               {"createdAt", "2026-01-01T00:00:00.000Z"},
               {"lastError", nullptr}}
              .dump(),
          {}};
}

/// Counts, makes a job, and shows it going on.
class working_node {
public:
  explicit working_node(const char* kind, const char* end = "completed", int skipped = 0)
      : kind_(kind), end_(end), skipped_(skipped), node([this](const received& r) { return answer(r); }) {}

private:
  canned answer(const received& r) {
    if (r.method == "GET") return ++looks_ < 2 ? job("running", 3, kind_) : job(end_, 7 - skipped_, kind_, skipped_);
    if (json::parse(r.body)["dryRun"] == true) return {200, R"({"count":7,"dryRun":true,"sample":[]})", {}};
    auto made = job("queued", 0, kind_);
    made.status = 202;
    return made;
  }

  const char* kind_;
  const char* end_;
  int skipped_;
  int looks_ = 0;

public:
  fake_node node;
};

}  // namespace

TEST_CASE("dead-letters list passes its filters on", "[cli]") {
  fake_node node([](const received&) {
    return canned{200, R"({"data":[{"taskId":"tsk_1","deliveryId":"dlv_1"}],"nextCursor":null})", {}};
  });
  const auto done = run(node.url(), {"dead-letters", "list", "--destination", "dst_A", "--destination", "dst_B", "--category",
                                     "network", "--tag", "q 1", "--payload-type", "export", "--limit", "10"});
  CHECK(done.code == 0);
  CHECK(done.out.find("tsk_1") != std::string::npos);
  CHECK(node.only_request().target ==
        "/v1/dead-letters?destinationId=dst_A%2Cdst_B&category=network&payloadType=export&tag=q%201&limit=10");
}

TEST_CASE("dead-letters show has the attempts", "[cli]") {
  fake_node node([](const received&) {
    return canned{200,
                  R"({"taskId":"tsk_1","category":"remote","failureReason":"it said no",
                      "attemptLog":[{"number":1,"code":503,"detail":"HTTP 503","outcome":"retry"}]})",
                  {}};
  });
  const auto done = run(node.url(), {"dead-letters", "show", "tsk_1"});
  CHECK(done.code == 0);
  CHECK(done.out.find("reason: it said no") != std::string::npos);
  CHECK(done.out.find("HTTP 503") != std::string::npos);
  CHECK(node.only_request().target == "/v1/dead-letters/tsk_1");
}

TEST_CASE("dead-letters redrive sends the filter, waits for the job and says how many", "[cli]") {
  working_node at("redrive");
  const auto done = run(at.node.url(), {"dead-letters", "redrive", "--destination", "dst_A", "--task", "tsk_1", "--task",
                                        "tsk_2", "--rate", "50"});
  CHECK(done.code == 0);
  CHECK(done.out == "7 dead letters redriven\n");
  const auto asked = at.node.requests();
  REQUIRE(asked.size() == 3);
  CHECK(asked[0].target == "/v1/dead-letters/redrive");
  CHECK(json::parse(asked[0].body) ==
        json::parse(R"({"destinationIds":["dst_A"],"taskIds":["tsk_1","tsk_2"],"ratePerSecond":50,"dryRun":false})"));
  CHECK(asked[2].target == "/v1/jobs/job_1");
}

TEST_CASE("dead-letters says what was skipped, and fails with a job that fails", "[cli]") {
  working_node some("redrive", "completed", 2);
  const auto skipped = run(some.node.url(), {"dead-letters", "redrive", "--all"});
  CHECK(skipped.code == 0);
  CHECK(skipped.out == "job_1 completed: 5 of 7 redriven, 2 skipped\n");
  working_node none("discard", "cancelled", 6);
  CHECK(run(none.node.url(), {"dead-letters", "discard", "--all", "--yes"}).code == 1);
}

TEST_CASE("dead-letters --no-wait prints the job at once", "[cli]") {
  working_node at("redrive");
  const auto done = run(at.node.url(), {"dead-letters", "redrive", "--all", "--no-wait"});
  CHECK(done.code == 0);
  CHECK(done.out == "job_1 queued: 0 of 7 redriven\n");
  CHECK(at.node.requests().size() == 1);
}

TEST_CASE("dead-letters --dry-run only counts, and asks nothing", "[cli]") {
  const auto* verb = GENERATE("redrive", "discard");
  working_node at(verb);
  const auto done = run(at.node.url(), {"dead-letters", verb, "--all", "--dry-run"});
  CHECK(done.code == 0);
  CHECK(done.out.find("7 dead letters would be") == 0);
  CHECK(json::parse(at.node.only_request().body)["dryRun"] == true);
}

TEST_CASE("dead-letters must be told which, so that a forgotten filter does not mean all", "[cli]") {
  working_node at("redrive");
  CHECK(run(at.node.url(), {"dead-letters", "redrive"}).code == 2);
  CHECK(run(at.node.url(), {"dead-letters", "discard", "--yes"}).code == 2);
  CHECK(at.node.requests().empty());
}

TEST_CASE("dead-letters discard needs --yes where nobody can be asked", "[cli]") {
  working_node at("discard");
  CHECK(run(at.node.url(), {"dead-letters", "discard", "--all"}).code == 2);
  CHECK(at.node.requests().empty());
  CHECK(run(at.node.url(), {"dead-letters", "discard", "--all", "--yes"}).out == "7 dead letters discarded\n");
}

TEST_CASE("dead-letters discard asks on a terminal, with the number, and shows how far it is", "[cli]") {
  working_node at("discard");
  const auto refused = run_on_terminal(at.node.url(), {"dead-letters", "discard", "--all"}, "n\n");
  CHECK(refused.code == 1);
  CHECK(refused.out.find("Discard 7 dead letters?") != std::string::npos);
  REQUIRE(at.node.requests().size() == 1);
  CHECK(json::parse(at.node.requests().front().body)["dryRun"] == true);
  const auto done = run_on_terminal(at.node.url(), {"dead-letters", "discard", "--all"}, "yes\n");
  CHECK(done.code == 0);
  CHECK(done.out.find("0/7") != std::string::npos);
  CHECK(json::parse(at.node.requests()[2].body)["dryRun"] == false);
}

TEST_CASE("jobs are listed, shown, changed and waited for", "[cli]") {
  fake_node node([](const received& r) {
    if (r.target.rfind("/v1/jobs?", 0) == 0)
      return canned{
          200, R"({"data":[{"id":"job_1","kind":"redrive","state":"paused","done":3,"total":7}],"nextCursor":null})", {}};
    return job("completed", 7, "redrive");
  });
  CHECK(run(node.url(), {"jobs", "list", "--kind", "redrive", "--state", "paused"}).out.find("job_1") != std::string::npos);
  CHECK(node.requests().back().target.rfind("/v1/jobs?kind=redrive&state=paused", 0) == 0);
  CHECK(run(node.url(), {"jobs", "show", "job_1", "--wait"}).out == "job_1 completed: 7 of 7 redriven\n");
  for (const auto* verb : {"pause", "resume", "cancel"}) {
    CHECK(run(node.url(), {"jobs", verb, "job_1"}).code == 0);
    CHECK(node.requests().back().target == std::string("/v1/jobs/job_1/") + verb);
    CHECK(node.requests().back().method == "POST");
  }
  CHECK(run(node.url(), {"jobs", "rate", "job_1", "9"}).code == 0);
  CHECK(node.requests().back().method == "PATCH");
  CHECK(json::parse(node.requests().back().body) == json::parse(R"({"ratePerSecond":9})"));
  CHECK(run(node.url(), {"jobs", "rate", "job_1", "0"}).code == 2);
}

TEST_CASE("a job is waited for while the node restarts", "[cli]") {
  int looks = 0;
  fake_node node([&looks](const received&) {
    ++looks;
    if (looks == 2 || looks == 3) return canned{200, {}, {}, true};
    return looks < 4 ? job("running", 3, "redrive") : job("completed", 7, "redrive");
  });
  const auto done = run(node.url(), {"jobs", "show", "job_1", "--wait"});
  CHECK(done.code == 0);
  CHECK(done.out == "job_1 completed: 7 of 7 redriven\n");
}

}  // namespace waybill::cli::testing
