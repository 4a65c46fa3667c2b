// SPDX-License-Identifier: Apache-2.0
#include <waybill/connection_figures.hpp>

#include <catch2/catch.hpp>

#include <memory>
#include <string>

#include "../../plugins/fake_host.hpp"
#include "../../plugins/nginx_server.hpp"
#include "exchange_box.hpp"

using namespace waybill::testing;
using namespace waybill::transfer;

namespace {

fake_host& host() { return fake_host::instance(); }

std::shared_ptr<waybill::sdk::host_gate> gate_of(fake_context& context) {
  REQUIRE(waybill::sdk::adopt_host(host().table()));
  return std::make_shared<waybill::sdk::host_gate>(waybill::sdk::handler_context{context.raw()});
}

endpoint_ptr endpoint_for(const std::shared_ptr<waybill::sdk::host_gate>& gate, const std::string& url) {
  auto options = options_for(url);
  options.tls.ca_pem = nginx_server::instance().tls().folder.read("ca.pem");
  options.belong_to(gate);
  return std::make_shared<const endpoint>(std::move(options));
}

seen_outcome send(reactor& r, const endpoint_ptr& to) {
  auto what = std::make_unique<boxed>(to);
  what->body.owned = std::string(1'000, 'x');
  what->deadline = exchange::clock::now() + std::chrono::seconds{10};
  return perform(r, std::move(what));
}

}  // namespace

TEST_CASE("the host is told of connections, their reuse, their handshakes and their bytes") {
  for (const auto& url : {nginx_server::instance().http("/echo"), nginx_server::instance().https("/echo")}) {
    fake_context context;
    const auto gate = gate_of(context);
    reactor r;
    const auto to = endpoint_for(gate, url);
    for (int i = 0; i < 3; ++i) REQUIRE(send(r, to).status == 200);
    CHECK(host().counts(context, "connections_opened_total", 1));
    CHECK(host().counts(context, "connections_reused_total", 2));
    CHECK(host().counts(context, "bytes_sent_total", 3 * 1'000));
    CHECK(host().counts(context, "bytes_received_total", 3 * 1'000));
    CHECK(host().counted(context, "bytes_sent_total") == 3 * 1'000);
    CHECK(host().counted(context, "connections_opened_total") == 1);
    const auto handshakes = host().observed(context, "handshake_seconds");
    REQUIRE(handshakes.size() == 1);
    CHECK(handshakes[0] > 0);
    CHECK(handshakes[0] < 5);
    gate->close();
  }
}

TEST_CASE("what never came to a connection is none, and a closed handler is told nothing") {
  fake_context context;
  const auto gate = gate_of(context);
  reactor r;
  CHECK(send(r, endpoint_for(gate, "http://127.0.0.1:1/")).how == ending::unreachable);
  context.guard = [](auto...) { return false; };
  CHECK(send(r, endpoint_for(gate, nginx_server::instance().http("/echo"))).how == ending::guard_refused);
  context.guard = [](auto...) { return true; };
  fake_context after;
  const auto next = gate_of(after);
  REQUIRE(send(r, endpoint_for(next, nginx_server::instance().http("/echo"))).status == 200);
  CHECK(host().counts(after, "connections_opened_total", 1));
  CHECK(host().counted(context, "connections_opened_total") == 0);
  gate->close();
  CHECK_FALSE(gate->metric_add("connections_opened_total", 1));
  next->close();
}

TEST_CASE("figures that a closed handler cannot tell are kept") {
  fake_context closed;
  fake_context open;
  const auto first = gate_of(closed);
  const auto second = gate_of(open);
  first->close();
  waybill::sdk::connection_figures figures{2, 3, 4, 5};
  CHECK_FALSE(figures.tell(*first));
  CHECK(figures.tell(*second));
  CHECK(figures.empty());
  CHECK(host().counted(open, "connections_opened_total") == 2);
  CHECK(host().counted(open, "connections_reused_total") == 3);
  CHECK(host().counted(open, "bytes_sent_total") == 4);
  CHECK(host().counted(open, "bytes_received_total") == 5);
  second->close();
}
