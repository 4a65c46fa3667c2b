// SPDX-License-Identifier: Apache-2.0
// Deliveries whose content is a payload in the store.
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "core/plugin_host/handler_instance.hpp"
#include "tests/plugin_host/eventually.hpp"
#include "tests/plugin_host/scripted_plugin.hpp"

using namespace waybill::core;
using namespace waybill::tests;

namespace {

delivery_call call_of(const std::string& payload) {
  auto call = make_call();
  auto content = std::make_shared<delivery>(*call.what.content);
  content->content.clear();
  content->payload = payload_id::make();
  content->payload_size = payload.size();
  call.what.content = std::move(content);
  return call;
}

struct ending {
  signal happened;
  attempt_result result;
  [[nodiscard]] handler::completion take() {
    return [this](attempt_result r) {
      result = std::move(r);
      happened.set();
    };
  }
};

std::string read_all(const wb_delivery* what, std::uint64_t step) {
  std::string out;
  std::string buffer(step, '\0');
  for (;;) {
    auto size = step;
    if (host_table().read(what, out.size(), reinterpret_cast<std::uint8_t*>(buffer.data()), &size) != WB_OK) return "failed";
    if (size == 0) return out;
    out.append(buffer, 0, size);
  }
}

}  // namespace

TEST_CASE("A plugin that streams gets a payload by offset, as often as it asks") {
  scripted s{WB_FEATURE_STREAMING};
  s.services->payload = "0123456789abcdef";
  std::string first;
  std::string second;
  bool in_memory = true;
  std::uint64_t size = 0;
  s.plugin->deliver = [&](const wb_delivery* d, wb_token token) -> std::uint32_t {
    in_memory = d->data != nullptr;
    size = d->size;
    first = read_all(d, 5);
    second = read_all(d, 100);
    answer(token);
    return WB_OK;
  };
  ending got;
  s.instance->deliver(call_of(s.services->payload), got.take());
  REQUIRE(got.happened.wait());
  CHECK_FALSE(in_memory);
  CHECK(size == 16);
  CHECK(first == s.services->payload);
  CHECK(second == s.services->payload);
}

TEST_CASE("A retained payload is read after deliver has returned, and after its handler is gone") {
  scripted s{WB_FEATURE_STREAMING};
  s.services->payload = "later";
  const wb_delivery* kept = nullptr;
  s.plugin->deliver = [&](const wb_delivery* d, wb_token token) -> std::uint32_t {
    host_table().retain(d);
    kept = d;
    answer(token);
    return WB_OK;
  };
  ending got;
  s.instance->deliver(call_of("later"), got.take());
  REQUIRE(got.happened.wait());
  s.drop();
  CHECK(read_all(kept, 2) == "later");
  host_table().release(kept);
}

TEST_CASE("A store that does not answer is a failed read") {
  scripted s{WB_FEATURE_STREAMING};
  s.services->is_store_down = true;
  std::string read;
  s.plugin->deliver = [&](const wb_delivery* d, wb_token token) -> std::uint32_t {
    read = read_all(d, 5);
    answer(token);
    return WB_OK;
  };
  ending got;
  s.instance->deliver(call_of("x"), got.take());
  REQUIRE(got.happened.wait());
  CHECK(read == "failed");
}

TEST_CASE("A plugin that does not stream gets a payload in memory") {
  scripted s;
  s.services->payload = "all of it";
  std::string content;
  s.plugin->deliver = [&](const wb_delivery* d, wb_token token) -> std::uint32_t {
    content.assign(reinterpret_cast<const char*>(d->data), d->size);
    answer(token);
    return WB_OK;
  };
  ending got;
  CHECK(s.instance->deliver(call_of(s.services->payload), got.take()) != 0);
  REQUIRE(got.happened.wait());
  CHECK(got.result.action == attempt_action::delivered);
  CHECK(content == "all of it");
  CHECK(eventually([&] { return s.instance->outstanding() == 0; }));
}

TEST_CASE("A payload too large for a plugin that does not stream fails for good, and says why") {
  scripted s;
  s.services->payload = "0123456789";
  s.services->most_in_memory = 9;
  ending got;
  s.instance->deliver(call_of(s.services->payload), got.take());
  REQUIRE(got.happened.wait());
  CHECK(got.result.action == attempt_action::reject);
  CHECK(got.result.category == failure_category::configuration);
  CHECK(got.result.detail == "too large to be held");
  CHECK_FALSE(got.result.message.empty());
}

TEST_CASE("A payload that cannot be loaded now is tried again") {
  scripted s;
  s.services->is_store_down = true;
  ending got;
  s.instance->deliver(call_of("x"), got.take());
  REQUIRE(got.happened.wait());
  CHECK(got.result.action == attempt_action::retry);
  CHECK(got.result.category == failure_category::system);
}

TEST_CASE("A batch with payloads that the plugin cannot stream is delivered one by one") {
  scripted s;
  s.services->payload = "payload";
  std::atomic<int> single{0};
  std::atomic<int> batches{0};
  s.plugin->deliver = [&](const wb_delivery*, wb_token token) -> std::uint32_t {
    ++single;
    answer(token);
    return WB_OK;
  };
  s.plugin->deliver_batch = [&](const wb_delivery* const*, const wb_token*, std::uint64_t) -> std::uint32_t {
    ++batches;
    return WB_REFUSED;
  };
  ending first;
  ending second;
  std::vector<delivery_call> calls;
  calls.push_back(make_call());
  calls.push_back(call_of("payload"));
  std::vector<handler::completion> done{first.take(), second.take()};
  const auto tokens = s.instance->deliver_batch(std::move(calls), std::move(done));
  CHECK(tokens.size() == 2);
  REQUIRE(first.happened.wait());
  REQUIRE(second.happened.wait());
  CHECK(single == 2);
  CHECK(batches == 0);
}

TEST_CASE("When the pools have stopped a payload that must be loaded is answered, not lost") {
  scripted s;
  s.threads->stop();
  ending got;
  s.instance->deliver(call_of("x"), got.take());
  REQUIRE(got.happened.wait());
  CHECK(got.result.action == attempt_action::retry);
}
