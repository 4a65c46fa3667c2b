// SPDX-License-Identifier: Apache-2.0
#include "core/telemetry/metrics.hpp"

#include <atomic>
#include <set>
#include <sstream>
#include <stdexcept>
#include <thread>

#include <catch2/catch.hpp>

using namespace waybill::core;

namespace {

bool has_line(const std::string& page, const std::string& wanted) {
  std::istringstream in{page};
  for (std::string line; std::getline(in, line);)
    if (line == wanted) return true;
  return false;
}

}  // namespace

TEST_CASE("a node that has done nothing says so", "[metrics]") {
  const metrics counted;
  const auto page = counted.render();
  CHECK(has_line(page, "waybill_deliveries_accepted_total 0"));
  CHECK(has_line(page, "waybill_tasks_accepted_total 0"));
}

TEST_CASE("what is counted is on the page with its labels", "[metrics]") {
  metrics counted;
  counted.accepted(3);
  counted.accepted(2);
  counted.attempt("webhook", attempt_action::delivered, failure_category::none, milliseconds{12});
  counted.attempt("webhook", attempt_action::retry, failure_category::timeout, milliseconds{30'000});
  counted.task_finished("webhook", task_status::delivered, milliseconds{40});
  counted.http_request("/v1/deliveries", 202, milliseconds{1});
  counted.http_request("/v1/deliveries", 202, milliseconds{1});
  counted.http_request("/v1/deliveries", 503, milliseconds{1});
  counted.security_event("foreign_id");
  counted.handler_add("webhook", "tokens_fetched", 2);
  counted.handler_observe("webhook", "tls-seconds", 0.02);
  counted.count("actor_restarts", "Actors started anew.", 4);
  const auto page = counted.render();
  for (const char* line :
       {"waybill_deliveries_accepted_total 2", "waybill_tasks_accepted_total 5",
        R"(waybill_attempts_total{type="webhook",outcome="delivered",category="none"} 1)",
        R"(waybill_attempts_total{type="webhook",outcome="retry",category="timeout"} 1)",
        R"(waybill_attempt_duration_seconds_count{type="webhook"} 2)",
        R"(waybill_attempt_duration_seconds_sum{type="webhook"} 30.012)",
        R"(waybill_attempt_duration_seconds_bucket{type="webhook",le="0.025"} 1)",
        R"(waybill_attempt_duration_seconds_bucket{type="webhook",le="+Inf"} 2)",
        R"(waybill_tasks_finished_total{type="webhook",status="delivered"} 1)",
        R"(waybill_task_duration_seconds_count{type="webhook"} 1)",
        R"(waybill_http_requests_total{route="/v1/deliveries",status="202"} 2)",
        R"(waybill_http_requests_total{route="/v1/deliveries",status="503"} 1)",
        R"(waybill_http_request_duration_seconds_count{route="/v1/deliveries"} 3)",
        R"(waybill_security_events_total{kind="foreign_id"} 1)", R"(waybill_handler_tokens_fetched{type="webhook"} 2)",
        R"(waybill_handler_tls_seconds_count{type="webhook"} 1)", "waybill_actor_restarts_total 4",
        "# HELP waybill_actor_restarts_total Actors started anew.", "# TYPE waybill_actor_restarts_total counter"}) {
    INFO(line << "\n" << page);
    CHECK(has_line(page, line));
  }
}

TEST_CASE("threads count for themselves and the page adds them up, also those that are gone", "[metrics]") {
  metrics counted;
  std::atomic<bool> stop{false};
  std::thread scraper{[&] {
    while (!stop) static_cast<void>(counted.render());
  }};
  for (int round = 0; round < 3; ++round) {
    std::vector<std::thread> threads;
    threads.reserve(4);
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([&, t] {
        for (int i = 0; i < 5'000; ++i) {
          counted.accepted(1);
          counted.attempt("type" + std::to_string((i + t) % 5), attempt_action::delivered, failure_category::none,
                          milliseconds{1});
          counted.http_request("/r", 200 + i % 3, milliseconds{1});
        }
      });
    for (auto& thread : threads) thread.join();
  }
  stop = true;
  scraper.join();
  const auto page = counted.render();
  CHECK(has_line(page, "waybill_deliveries_accepted_total 60000"));
  CHECK(has_line(page, R"(waybill_attempts_total{type="type0",outcome="delivered",category="none"} 12000)"));
  CHECK(has_line(page, R"(waybill_http_request_duration_seconds_count{route="/r"} 60000)"));
}

TEST_CASE("two nodes in one process do not count for each other", "[metrics]") {
  metrics first;
  first.accepted(1);
  {
    metrics gone;
    gone.accepted(7);
  }
  metrics second;
  second.accepted(5);
  CHECK(has_line(first.render(), "waybill_tasks_accepted_total 1"));
  CHECK(has_line(second.render(), "waybill_tasks_accepted_total 5"));
}

TEST_CASE("names from outside cannot make the page grow for ever or break it", "[metrics]") {
  metrics counted;
  for (int i = 0; i < 5'000; ++i) {
    counted.http_request("/made/up/" + std::to_string(i), 404, milliseconds{1});
    counted.security_event("kind" + std::to_string(i));
    counted.handler_add("webhook", "name" + std::to_string(i), 1);
  }
  counted.handler_add("webhook", "evil\n{} 1", 1);
  counted.http_request("a\"b\\c\nd", 200, milliseconds{1});
  const auto page = counted.render();
  CHECK(page.find(R"(waybill_http_requests_total{route="other",status="404"})") != std::string::npos);
  CHECK(page.size() < 2'000'000);
  std::istringstream in{page};
  for (std::string line; std::getline(in, line);) CHECK((line[0] == '#' || line.compare(0, 8, "waybill_") == 0));
}

TEST_CASE("nonsense from a plugin is left out", "[metrics]") {
  metrics counted;
  counted.handler_add("webhook", "a", -1);
  counted.handler_add("webhook", "a", std::numeric_limits<double>::quiet_NaN());
  counted.handler_observe("webhook", "b", std::numeric_limits<double>::quiet_NaN());
  CHECK(counted.render().find("waybill_handler_") == std::string::npos);
  counted.handler_add("webhook", "same", 1);
  counted.handler_observe("webhook", "same", 1);
  CHECK(has_line(counted.render(), R"(waybill_handler_same{type="webhook"} 1)"));
  CHECK(counted.render().find("waybill_handler_same_bucket") == std::string::npos);
}

TEST_CASE("collectors are asked at every scrape, and one that fails costs only itself", "[metrics]") {
  metrics counted;
  int asked = 0;
  counted.add_collector([&]() -> std::vector<metrics::sample> {
    ++asked;
    return {{"waybill_queue_depth", "Tasks waiting.", {{"state", "pending"}}, 7.0, false},
            {"waybill_plugin_faults_total", "Faults.", {}, 2.0, true}};
  });
  counted.add_collector([]() -> std::vector<metrics::sample> { throw std::runtime_error{"no"}; });
  const auto page = counted.render();
  CHECK(has_line(page, R"(waybill_queue_depth{state="pending"} 7)"));
  CHECK(has_line(page, "# TYPE waybill_queue_depth gauge"));
  CHECK(has_line(page, "# TYPE waybill_plugin_faults_total counter"));
  CHECK(has_line(page, "waybill_deliveries_accepted_total 0"));
  static_cast<void>(counted.render());
  CHECK(asked == 2);
}
