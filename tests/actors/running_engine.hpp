// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "actors/engine.hpp"
#include "tests/actors/scripted_plugins.hpp"

namespace waybill::tests {

/// Polls until it holds or ten seconds have passed.
inline bool eventually(const std::function<bool()>& holds) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!holds()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

/// The machine's clock, which a test may push on.
class pushed_clock final : public core::clock {
public:
  [[nodiscard]] core::utc_time now() const override { return machine_.now() + core::milliseconds{ahead_ms_.load()}; }
  [[nodiscard]] core::mono_time monotonic() const override { return machine_.monotonic(); }
  void push(std::chrono::hours by) { ahead_ms_ += std::chrono::duration_cast<core::milliseconds>(by).count(); }

private:
  core::system_clock machine_;
  std::atomic<std::int64_t> ahead_ms_{0};
};

/// An engine on a SQLite store of its own with scripted plugins; can be stopped and started again on the same store.
class running_engine {
public:
  running_engine() {
    char path[] = "/tmp/waybill-actors-XXXXXX";
    folder_ = ::mkdtemp(path);
    settings.data_dir = folder_;
    settings.retry.initial_delay = std::chrono::milliseconds{10};
    settings.retry.max_delay = std::chrono::milliseconds{50};
    settings.breaker.failure_threshold = 1'000;
    settings.disable_threshold = 10'000;
    make_first_organization();
  }
  ~running_engine() {
    engine.reset();
    std::filesystem::remove_all(folder_);
  }

  void start() {
    storage = *core::open_store("sqlite://" + folder_ + "/test.db");
    auto made = actors::engine::start({settings, time, *storage, plugins, figures, core::master_key{}});
    REQUIRE(made);
    engine = *std::move(made);
  }
  bool stop(std::chrono::milliseconds grace = std::chrono::milliseconds{5'000}) {
    const bool clean = engine->stop(grace);
    engine.reset();
    storage.reset();
    return clean;
  }

  /// Calls a service method that ends with a reply, and waits for the answer.
  template <class T, class Call>
  core::result<T> ask(Call call) {
    auto answer = std::make_shared<std::promise<core::result<T>>>();
    auto waiting = answer->get_future();
    call(core::reply<T>([answer](core::result<T> r) { answer->set_value(std::move(r)); }));
    REQUIRE(waiting.wait_for(std::chrono::seconds(10)) == std::future_status::ready);
    return waiting.get();
  }

  core::destination_id make_destination(nlohmann::json policy = nlohmann::json::object()) {
    core::destination_input input;
    input.type = "scripted";
    input.label = "a destination";
    input.config = nlohmann::json{{"url", "http://somewhere"}, {"apiKey", "very-secret"}};
    input.policy = std::move(policy);
    auto made = ask<core::created_destination>([&](auto reply) { service().create_destination(admin, input, false, reply); });
    REQUIRE(made);
    return made->resource.id;
  }

  core::result<core::delivery_receipt> deliver(core::destination_id to, std::string content = R"({"n":1})") {
    core::delivery_request request;
    request.destinations = {to};
    request.payload_type = "data";
    request.content = std::move(content);
    return ask<core::delivery_receipt>([&](auto reply) { service().deliver(admin, request, reply); });
  }

  core::delivery_view view(core::delivery_id id) {
    auto found = ask<core::delivery_view>([&](auto reply) { service().get_delivery(admin, id, reply); });
    REQUIRE(found);
    return *found;
  }
  bool reaches(core::delivery_id id, core::task_status status) {
    return eventually([&] { return view(id).tasks.at(0).status == status; });
  }
  core::destination destination(core::destination_id id) {
    auto found = ask<core::destination>([&](auto reply) { service().get_destination(admin, id, reply); });
    REQUIRE(found);
    return *found;
  }
  core::reconciliation reconcile() {
    auto session = storage->open_reader();
    REQUIRE(session);
    return *(*session)->reconcile();
  }
  core::delivery_service& service() { return engine->service(); }

  core::config settings;
  pushed_clock time;
  core::metrics figures;
  scripted_plugins plugins;
  std::unique_ptr<core::store> storage;
  std::unique_ptr<actors::engine> engine;
  core::caller admin;

private:
  void make_first_organization() {
    auto opened = core::open_store("sqlite://" + folder_ + "/test.db");
    REQUIRE(opened);
    auto session = (*opened)->open_writer();
    REQUIRE(session);
    core::organization o;
    o.id = core::organization_id::make();
    o.name = "default";
    o.created_at = o.updated_at = time.now();
    REQUIRE((*session)->begin());
    REQUIRE((*session)->create_organization(o));
    REQUIRE((*session)->commit());
    admin.organization = o.id;
    admin.roles.add(core::role::admin);
  }

  std::string folder_;
};

}  // namespace waybill::tests
