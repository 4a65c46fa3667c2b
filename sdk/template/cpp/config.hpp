// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <waybill/handler.hpp>

#include <optional>
#include <string>
#include <string_view>

/// A destination's configuration, read and checked. schema.json describes it to the user.
struct config {
  std::string folder;
  std::string suffix = ".json";
  bool sync = true;
};

/// Reports every fault through `faults`; nothing if there was one. The engine has held the text against the schema
/// already: what is checked here is what a schema cannot say.
[[nodiscard]] std::optional<config> read_config(std::string_view text, waybill::sdk::fault_sink& faults);
