// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include <waybill/handler.hpp>
#include <waybill/transfer/endpoint.hpp>

namespace waybill::storage {

/// An object of the configuration and where it stands: reads members, and reports what has a wrong type in case no schema
/// looked. Never quotes a value: it may be a secret.
class config_reader {
public:
  config_reader(const nlohmann::json& object, std::string pointer, sdk::fault_sink& faults)
      : object_(object), pointer_(std::move(pointer)), faults_(faults) {}

  [[nodiscard]] std::string at(std::string_view name) const;
  [[nodiscard]] const nlohmann::json* find(const char* name) const;
  void text(const char* name, std::string& into) const;
  void boolean(const char* name, bool& into) const;
  [[nodiscard]] std::int64_t number(const char* name, std::int64_t otherwise, std::int64_t least, std::int64_t most) const;
  [[nodiscard]] std::optional<config_reader> object(const char* name) const;
  template <class Choice, std::size_t Count>
  void choice(const char* name, const std::array<std::pair<std::string_view, Choice>, Count>& choices, Choice& into) const {
    std::string chosen;
    text(name, chosen);
    if (chosen.empty()) return;
    for (const auto& [word, value] : choices)
      if (word == chosen) {
        into = value;
        return;
      }
    fault(name, "enum", "is not one of the known values");
  }
  /// A required text: reports its absence.
  void required(const char* name, std::string& into) const;
  /// A URL of a service's base: http or https, a host, no credentials, query or fragment. Without a "/" at its end.
  void base_url(const char* name, std::string& into) const;
  void fault(std::string_view name, std::string_view rule, std::string_view message) const;
  [[nodiscard]] const nlohmann::json& raw() const { return object_; }

private:
  const nlohmann::json& object_;
  std::string pointer_;
  sdk::fault_sink& faults_;
};

/// `tls` and `proxy` of a configuration.
void read_tls(const config_reader& from, transfer::tls_options& into);
void read_proxy(const config_reader& from, transfer::proxy_options& into);

}  // namespace waybill::storage
