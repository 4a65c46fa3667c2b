// SPDX-License-Identifier: Apache-2.0
#include <sys/resource.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/api/running_server.hpp"

using namespace waybill;
using namespace waybill::tests;

namespace {

const std::string one = R"({"payload":{"type":"data","data":1}})";

void ask(http_client& client) { client.send("GET /v1/queue HTTP/1.1\r\nAuthorization: Bearer wbk_admin_secret\r\n\r\n"); }

}  // namespace

TEST_CASE("a server listens where it says") {
  running_server node;
  CHECK(node.server->address().substr(0, 10) == "127.0.0.1:");
  CHECK(node.server->address() != "127.0.0.1:0");
  CHECK(node.client().get("/healthz").status == 200);
}

TEST_CASE("an address that cannot be listened on stops the start with a reason") {
  running_server node;
  core::metrics metrics;
  const core::system_clock clock;
  api::http_options options;
  for (const std::string& listen :
       {node.server->address(), std::string{"127.0.0.1"}, std::string{"nowhere:80"}, std::string{"127.0.0.1:x"},
        std::string{"127.0.0.1:70000"}, std::string{"192.0.2.1:8080"}}) {
    options.listen = listen;
    const auto second = api::http_server::start(options, node.service, metrics, clock);
    REQUIRE_FALSE(second);
    CHECK(second.error().code == core::error_code::validation_error);
    CHECK_FALSE(second.error().message.empty());
  }
}

TEST_CASE("answers may come at once or in bursts from another thread") {
  for (const auto how : {fake_service::answers::at_once, fake_service::answers::from_a_thread}) {
    running_server node{{}, how};
    std::vector<std::unique_ptr<http_client>> clients;
    for (int i = 0; i < 32; ++i) clients.push_back(std::make_unique<http_client>(node.server->address()));
    for (int round = 0; round < 20; ++round) {
      for (auto& client : clients) ask(*client);
      for (auto& client : clients) REQUIRE(client->receive().status == 200);
    }
  }
}

TEST_CASE("several threads share the connections") {
  api::http_options options;
  options.threads = 3;
  running_server node{options};
  std::vector<std::thread> threads;
  std::atomic<int> good{0};
  for (int t = 0; t < 6; ++t)
    threads.emplace_back([&] {
      auto client = node.client();
      for (int i = 0; i < 50; ++i) good += client.post("/v1/deliveries", one).status == 202 ? 1 : 0;
    });
  for (auto& thread : threads) thread.join();
  CHECK(good == 300);
}

TEST_CASE("a service that does not answer in time is a 504, and its late answer falls away") {
  running_server node{{}, fake_service::answers::when_released};
  auto client = node.client();
  ask(client);
  REQUIRE(eventually([&] { return node.service.calls().size() == 1; }));
  node.clock.push(std::chrono::seconds{31});
  const auto answer = client.receive();
  CHECK(answer.status == 504);
  CHECK(answer.json()["code"] == "TIMEOUT");
  node.service.release();
  node.service.set_answers(fake_service::answers::at_once);
  CHECK(client.get("/v1/queue").status == 200);
}

TEST_CASE("a client that leaves does not disturb the answer to the others") {
  running_server node{{}, fake_service::answers::when_released};
  auto patient = node.client();
  {
    auto hasty = node.client();
    ask(hasty);
    REQUIRE(eventually([&] { return node.service.calls().size() == 1; }));
  }
  ask(patient);
  REQUIRE(eventually([&] { return node.service.calls().size() == 2; }));
  node.service.release();
  CHECK(patient.receive().status == 200);
}

TEST_CASE("a server that stops accepting refuses new work on open connections, and answers what it has begun") {
  running_server node{{}, fake_service::answers::when_released};
  auto waiting = node.client();
  auto idle = node.client();
  auto probe = node.client();
  CHECK(idle.get("/healthz").status == 200);
  CHECK(probe.get("/healthz").status == 200);
  ask(waiting);
  REQUIRE(eventually([&] { return node.service.calls().size() == 1; }));
  node.server->stop_accepting();

  const auto refused = idle.get("/v1/queue");
  CHECK(refused.status == 503);
  CHECK(refused.json()["code"] == "SHUTTING_DOWN");
  CHECK_FALSE(refused.header("retry-after").empty());
  CHECK(refused.header("connection") == "close");
  CHECK(probe.get("/healthz").status == 200);
  auto late = node.client();
  late.send("GET /healthz HTTP/1.1\r\n\r\n");
  CHECK(late.receive().status == 0);

  node.service.release();
  CHECK(waiting.receive().status == 200);
}

TEST_CASE("a server that stops answers what still waits with a 503") {
  running_server node{{}, fake_service::answers::when_released};
  auto client = node.client();
  ask(client);
  REQUIRE(eventually([&] { return node.service.calls().size() == 1; }));
  node.server->stop();
  const auto answer = client.receive();
  CHECK(answer.status == 503);
  CHECK(answer.json()["code"] == "SHUTTING_DOWN");
  CHECK(client.closed());
  node.service.release();  // too late: nobody is there
  node.server->stop();
}

TEST_CASE("a reply that is dropped without an answer still ends in one") {
  running_server node{{}, fake_service::answers::when_released};
  auto client = node.client();
  ask(client);
  REQUIRE(eventually([&] { return node.service.calls().size() == 1; }));
  node.service.forget();
  node.clock.push(std::chrono::seconds{31});
  CHECK(client.receive().status == 504);
}

TEST_CASE("replies that come after the server is gone fall away") {
  fake_service service{fake_service::answers::when_released};
  {
    core::metrics metrics;
    const core::system_clock clock;
    api::http_options options;
    options.listen = "127.0.0.1:0";
    auto server = api::http_server::start(options, service, metrics, clock);
    REQUIRE(server);
    http_client client{(*server)->address()};
    ask(client);
    REQUIRE(eventually([&] { return service.calls().size() == 1; }));
  }
  service.release();
}

TEST_CASE("a server that ran out of file descriptors accepts again when there are some") {
  running_server node;
  const int next = ::dup(0);
  ::close(next);
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  rlimit tight = before;
  tight.rlim_cur = static_cast<rlim_t>(next) + 1;  // room for the client's end, none for the server's
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &tight) == 0);
  http_client client{node.server->address()};
  client.send("GET /healthz HTTP/1.1\r\n\r\n");
  const bool failed =
      eventually([&] { return node.metrics.render().find("waybill_http_accept_failures_total") != std::string::npos; });
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
  CHECK(failed);
  CHECK(client.receive().status == 200);
}

TEST_CASE("connections beyond the limit wait until there is room") {
  api::http_options options;
  options.max_connections = 2;
  running_server node{options};
  auto first = std::make_unique<http_client>(node.server->address());
  http_client second{node.server->address()};
  CHECK(first->get("/healthz").status == 200);
  CHECK(second.get("/healthz").status == 200);
  http_client third{node.server->address()};
  third.send("GET /healthz HTTP/1.1\r\n\r\n");
  CHECK(second.get("/healthz").status == 200);
  first.reset();
  CHECK(third.receive().status == 200);
}
