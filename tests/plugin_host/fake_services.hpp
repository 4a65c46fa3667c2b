// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "core/plugin_host/handler.hpp"

namespace waybill::tests {

/// What the engine gives a handler, in memory. Loopback is open, all else closed.
class fake_services final : public core::handler_services {
public:
  [[nodiscard]] bool connect_allowed(const std::uint8_t* address, std::size_t size, std::uint16_t) const override {
    return size == 4 && address[0] == 127;
  }
  core::result<std::string> state_get(core::destination_id, std::string_view key) override {
    std::lock_guard hold{lock_};
    const auto found = state_.find(std::string{key});
    if (found == state_.end()) return core::fail(core::error_code::not_found, "no such key");
    return found->second;
  }
  core::result<void> state_put(core::destination_id, std::string_view key, std::string_view value) override {
    std::lock_guard hold{lock_};
    state_[std::string{key}] = std::string{value};
    return {};
  }
  core::result<std::string> link_create(core::destination_id, const core::delivery& d, std::string_view options) override {
    if (options.empty()) return core::fail(core::error_code::not_found, "no link service");
    return "https://links.example/" + d.id.to_string();
  }
  [[nodiscard]] core::result<void> check_link(std::string_view options) const override {
    if (options.empty()) return core::fail(core::error_code::not_found, "no link service");
    if (options == "[]") return core::fail(core::error_code::validation_error, "no options");
    return {};
  }
  core::result<std::size_t> read_payload(const core::delivery&, std::uint64_t offset, std::uint8_t* buffer,
                                         std::size_t room) override {
    if (is_store_down) return core::fail(core::error_code::store_unavailable, "the store is down");
    const auto from = std::min<std::size_t>(static_cast<std::size_t>(offset), payload.size());
    return payload.copy(reinterpret_cast<char*>(buffer), room, from);
  }
  core::result<std::string> load_payload(const core::delivery&) override {
    if (is_store_down) return core::fail(core::error_code::store_unavailable, "the store is down");
    if (payload.size() > most_in_memory) return core::fail(core::error_code::payload_too_large, "too large to be held");
    return payload;
  }
  void metric_add(const std::string& type, std::string_view name, double value) override { add(type, name, value); }
  void metric_observe(const std::string& type, std::string_view name, double value) override { add(type, name, value); }

  [[nodiscard]] double metric(const std::string& name) {
    std::lock_guard hold{lock_};
    return metrics_[name];
  }

  std::string payload;  ///< of every delivery that has one; set before the handlers run
  std::size_t most_in_memory = 1'000'000;
  std::atomic<bool> is_store_down{false};

private:
  void add(const std::string& type, std::string_view name, double value) {
    std::lock_guard hold{lock_};
    metrics_[type + "." + std::string{name}] += value;
  }

  std::mutex lock_;
  std::map<std::string, std::string> state_;
  std::map<std::string, double> metrics_;
};

/// A clock that stands where it is put.
class manual_clock final : public core::clock {
public:
  [[nodiscard]] core::utc_time now() const override { return core::from_unix_ms(1'700'000'000'000 + ms_.load()); }
  [[nodiscard]] core::mono_time monotonic() const override { return core::mono_time{core::milliseconds{ms_.load()}}; }
  void advance(core::milliseconds by) { ms_ += by.count(); }

private:
  std::atomic<std::int64_t> ms_{1'000};
};

[[nodiscard]] inline core::queued_task make_task(std::string content = R"({"n":1})") {
  auto d = std::make_shared<core::delivery>();
  d->id = core::delivery_id::make();
  d->organization = core::organization_id::make();
  d->created_at = core::from_unix_ms(1'700'000'000'000);
  d->payload_type = "report";
  d->content_type = "application/json";
  d->filename = "report.json";
  d->content = std::move(content);
  d->sha256.fill(7);
  d->metadata = R"({"region":"eu"})";
  d->correlation_id = "corr-1";
  core::queued_task out;
  out.state.id = core::task_id::make();
  out.state.delivery = d->id;
  out.state.organization = d->organization;
  out.state.destination = core::destination_id::make();
  out.content = std::move(d);
  return out;
}

[[nodiscard]] inline core::delivery_call make_call(std::string content = R"({"n":1})") {
  return {make_task(std::move(content)), 1, core::mono_time{std::chrono::hours{1}}};
}

}  // namespace waybill::tests
