// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/config/config.hpp"
#include "core/config/setting.hpp"

namespace waybill::core {

/// Where the readers of all sources put what they found: settings one over the other, and every fault. Lives for one loading.
class settings_sink {
public:
  /// Checks the value and lays it over what was there.
  void put(const setting& s, setting_value value, const std::string& pointer);
  /// The same from the text of a variable or of the command line.
  void put_text(const setting& s, std::string_view text, const std::string& pointer);
  void fault(std::string pointer, std::string rule, std::string message);
  /// What no single setting can tell, then the whole or every fault.
  [[nodiscard]] result<config> finish();

private:
  void check_together();

  config settings_;
  std::vector<field_fault> faults_;
};

/// The nearest dotted key as a hint, or nothing. `key` is dotted itself.
[[nodiscard]] std::string hint_for_key(std::string_view key);

/// Reads a TOML text; faults carry dotted keys, a text that is no TOML the pointer "" with line and column.
void read_toml(std::string_view text, settings_sink& sink);
/// Reads WAYBILL_… and the seeds' DELIVERY_… variables; WAYBILL_ wins over DELIVERY_. An empty one counts as not set.
void read_environment(const config_sources& sources, settings_sink& sink);

}  // namespace waybill::core
