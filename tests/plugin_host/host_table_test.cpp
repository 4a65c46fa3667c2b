// SPDX-License-Identifier: Apache-2.0
#include "core/plugin_host/host_table.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <cstring>
#include <limits>

#include "core/plugin_host/delivery_block.hpp"
#include "core/plugin_host/foreign_text.hpp"
#include "core/plugin_host/host_counters.hpp"
#include "tests/plugin_host/scripted_plugin.hpp"

using namespace waybill::core;
using namespace waybill::tests;

namespace {

const wb_host& host = host_table();

const std::uint8_t* bytes(const char* text) { return reinterpret_cast<const std::uint8_t*>(text); }

delivery_block::held block(std::string content, content_access access = content_access::in_memory) {
  return delivery_block::make(make_task(std::move(content)), 2, 4'000, "dst_1", access);
}

}  // namespace

TEST_CASE("The host's table names its size, version and every slot") {
  CHECK(host.struct_size == sizeof(wb_host));
  CHECK(host.abi_major == WB_ABI_MAJOR);
  CHECK(host.version.size > 0);
  std::array<void*, (sizeof(wb_host) - offsetof(wb_host, complete)) / sizeof(void*)> slots;
  std::memcpy(slots.data(), reinterpret_cast<const char*>(&host) + offsetof(wb_host, complete), sizeof slots);
  for (auto* slot : slots) CHECK(slot != nullptr);
}

TEST_CASE("Content is read by offset, with 0 bytes at the end") {
  const auto b = block("0123456789", content_access::through_read);
  CHECK(b->data == nullptr);
  CHECK(b->size == 10);
  std::uint8_t buffer[4];
  std::uint64_t size = sizeof buffer;
  CHECK(host.read(b.get(), 8, buffer, &size) == WB_OK);
  CHECK(size == 2);
  CHECK(std::memcmp(buffer, "89", 2) == 0);
  size = sizeof buffer;
  CHECK(host.read(b.get(), 10, buffer, &size) == WB_OK);
  CHECK(size == 0);
  size = sizeof buffer;
  CHECK(host.read(b.get(), std::numeric_limits<std::uint64_t>::max(), buffer, &size) == WB_OK);
  CHECK(size == 0);
}

TEST_CASE("A retained delivery outlives the host's hold until it is released") {
  const auto before = delivery_block::alive();
  auto b = block("kept");
  const wb_delivery* view = b.get();
  host.retain(view);
  host.retain(view);
  b.reset();
  CHECK(delivery_block::alive() == before + 1);
  CHECK(std::string(reinterpret_cast<const char*>(view->data), view->size) == "kept");
  host.release(view);
  CHECK(delivery_block::alive() == before + 1);
  host.release(view);
  CHECK(delivery_block::alive() == before);
}

TEST_CASE("Releasing more often than retaining is a fault and frees nothing") {
  const auto b = block("x");
  const auto faults = counters().plugin_faults.load();
  host.retain(b.get());
  host.release(b.get());
  host.release(b.get());
  CHECK(counters().plugin_faults == faults + 1);
  CHECK(b->size == 1);
}

TEST_CASE("State is kept per handler, with the room it needs") {
  scripted s;
  auto* ctx = static_cast<wb_handler_ctx*>(s.instance.get());
  std::uint8_t buffer[8];
  std::uint64_t size = sizeof buffer;
  CHECK(host.state_get(ctx, view_of("token"), buffer, &size) == WB_NOT_FOUND);
  CHECK(host.state_put(ctx, view_of("token"), bytes("0123456789"), 10) == WB_OK);
  size = sizeof buffer;
  CHECK(host.state_get(ctx, view_of("token"), buffer, &size) == WB_TOO_LARGE);
  CHECK(size == 10);
  std::uint8_t enough[10];
  CHECK(host.state_get(ctx, view_of("token"), enough, &size) == WB_OK);
  CHECK(std::memcmp(enough, "0123456789", 10) == 0);
}

TEST_CASE("State has limits of key and value") {
  scripted s;
  auto* ctx = static_cast<wb_handler_ctx*>(s.instance.get());
  const std::string long_key(129, 'k');
  const std::string large(64 * 1024 + 1, 'v');
  CHECK(host.state_put(ctx, view_of(long_key), bytes("v"), 1) == WB_FAILED);
  CHECK(host.state_put(ctx, view_of(""), bytes("v"), 1) == WB_FAILED);
  CHECK(host.state_put(ctx, view_of("k"), bytes(large.data()), large.size()) == WB_TOO_LARGE);
}

TEST_CASE("A link is made of a delivery's content where the engine can") {
  scripted s;
  auto* ctx = static_cast<wb_handler_ctx*>(s.instance.get());
  const auto b = block("x");
  char link[128];
  std::uint64_t size = sizeof link;
  CHECK(host.link_create(ctx, b.get(), view_of("{}"), link, &size) == WB_OK);
  CHECK(std::string(link, size) == "https://links.example/" + b->content().id.to_string());
  size = 4;
  CHECK(host.link_create(ctx, b.get(), view_of("{}"), link, &size) == WB_TOO_LARGE);
  CHECK(host.link_create(ctx, b.get(), view_of(""), link, &size) == WB_NOT_FOUND);
  // Without a delivery it only says whether there could be one.
  size = sizeof link;
  CHECK(host.link_create(ctx, nullptr, view_of("{}"), link, &size) == WB_OK);
  CHECK(size == 0);
  CHECK(host.link_create(ctx, nullptr, view_of("[]"), link, &size) == WB_REFUSED);
  CHECK(host.link_create(ctx, nullptr, view_of(""), link, &size) == WB_NOT_FOUND);
}

TEST_CASE("The network guard answers for a context only, and denies what it does not understand") {
  scripted s;
  auto* ctx = static_cast<wb_handler_ctx*>(s.instance.get());
  const std::uint8_t loopback[16] = {127, 0, 0, 1};
  const std::uint8_t elsewhere[4] = {10, 0, 0, 1};
  CHECK(host.connect_allowed(ctx, loopback, 4, 443) == WB_ALLOWED);
  CHECK(host.connect_allowed(ctx, elsewhere, 4, 443) == WB_DENIED);
  CHECK(host.connect_allowed(ctx, loopback, 5, 443) == WB_DENIED);
  CHECK(host.connect_allowed(ctx, loopback, 4, 70'000) == WB_DENIED);
  CHECK(host.connect_allowed(ctx, nullptr, 4, 443) == WB_DENIED);
  CHECK(host.connect_allowed(nullptr, loopback, 4, 443) == WB_DENIED);
}

TEST_CASE("Metrics take names and numbers that a series can hold") {
  scripted s;
  auto* ctx = static_cast<wb_handler_ctx*>(s.instance.get());
  host.metric_add(ctx, view_of("bytes"), 2);
  host.metric_add(ctx, view_of("bytes"), 3);
  host.metric_add(ctx, view_of("bytes"), -1);
  host.metric_add(ctx, view_of("bytes"), std::numeric_limits<double>::quiet_NaN());
  host.metric_add(ctx, view_of("Bad Name"), 1);
  host.metric_add(nullptr, view_of("bytes"), 1);
  CHECK(s.services->metric("scripted.bytes") == 5);
  CHECK(s.services->metric("scripted.Bad Name") == 0);
}

TEST_CASE("The clocks are those the engine was given") {
  manual_clock time;
  set_host_clock(time);
  CHECK(host.now_ms() == 1'700'000'001'000);
  CHECK(host.monotonic_ms() == 1'000);
  time.advance(milliseconds{5});
  CHECK(host.monotonic_ms() == 1'005);
  unset_host_clock(time);
  CHECK(host.monotonic_ms() != 1'005);
}

TEST_CASE("Random bytes are random") {
  std::uint8_t a[32] = {}, b[32] = {};
  host.random(a, sizeof a);
  host.random(b, sizeof b);
  CHECK(std::memcmp(a, b, sizeof a) != 0);
  host.random(nullptr, 5);
}

TEST_CASE("No slot falls over NULL") {
  std::uint64_t size = 4;
  char text[4];
  host.complete(1, nullptr);
  CHECK(host.read(nullptr, 0, nullptr, nullptr) == WB_FAILED);
  host.retain(nullptr);
  host.release(nullptr);
  host.log(nullptr, 99, wb_str{nullptr, 9});
  CHECK(host.state_get(nullptr, view_of("k"), nullptr, &size) == WB_FAILED);
  CHECK(host.state_put(nullptr, view_of("k"), nullptr, 0) == WB_FAILED);
  CHECK(host.link_create(nullptr, nullptr, view_of("{}"), text, &size) == WB_FAILED);
}
