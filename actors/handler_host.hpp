// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "actors/engine_context.hpp"
#include "actors/link_maker.hpp"
#include "core/security/network_guard.hpp"

namespace waybill::actors {

/// What handlers may ask of the engine: the network guard, durable state sealed at rest, download links, metrics. Called from
/// plugin threads, never from actors; calls for state and links block for the store.
class handler_host final : public core::handler_services {
public:
  handler_host(engine_context& context, core::network_guard guard)
      : context_(context), guard_(std::move(guard)), links_(context) {}

  [[nodiscard]] bool connect_allowed(const std::uint8_t* address, std::size_t size, std::uint16_t port) const override;
  core::result<std::string> state_get(core::destination_id id, std::string_view key) override;
  core::result<void> state_put(core::destination_id id, std::string_view key, std::string_view value) override;
  core::result<std::string> link_create(core::destination_id id, const core::delivery& d, std::string_view options) override;
  [[nodiscard]] core::result<void> check_link(std::string_view options) const override;
  core::result<std::size_t> read_payload(const core::delivery& d, std::uint64_t offset, std::uint8_t* buffer,
                                         std::size_t room) override;
  core::result<std::string> load_payload(const core::delivery& d) override;
  void metric_add(const std::string& type, std::string_view name, double value) override;
  void metric_observe(const std::string& type, std::string_view name, double value) override;

private:
  engine_context& context_;
  core::network_guard guard_;
  link_maker links_;
};

}  // namespace waybill::actors
