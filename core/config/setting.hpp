// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/config/config.hpp"
#include "core/model/error.hpp"

namespace waybill::core {

/// A value on its way into or out of a config, whatever the source. Durations are whole milliseconds.
using setting_value =
    std::variant<std::string, std::int64_t, double, bool, std::vector<std::string>, std::vector<std::int64_t>>;
enum class setting_kind : std::uint8_t { text = 1, whole, real, boolean, texts, wholes };

/// One key of the configuration: all that the file, the environment, the printed form and the reference need to know of it.
struct setting {
  std::string_view key;  ///< dotted: "server.listen", "dataDir"
  std::string_view help;
  setting_kind kind;
  double least = 0;  ///< numbers: both ends are allowed
  double most = 0;
  std::size_t most_entries = 1'000;          ///< lists
  bool secret = false;                       ///< never printed
  std::vector<std::string_view> seed_names;  ///< DELIVERY_… variables that set it too; a later one wins
  /// Text and each entry of a list of texts: what is wrong with it, as a sentence that does not quote it.
  std::function<std::optional<std::string>(const std::string&)> problem;
  std::function<setting_value(const config&)> get;
  std::function<void(config&, setting_value)> set;  ///< the value is of `kind` and has passed check()

  [[nodiscard]] std::string_view table() const;  ///< "server"; empty at the top level
  [[nodiscard]] std::string_view name() const;   ///< "listen"
  /// WAYBILL_SERVER_LISTEN
  [[nodiscard]] std::string variable() const;
  /// Kind, bounds and text; rule and sentence of the first fault, pointer empty. Never quotes the value.
  [[nodiscard]] std::optional<field_fault> check(const setting_value& value) const;
  /// "Must be a whole number from 1 to 100."
  [[nodiscard]] std::string expectation() const;
};

/// Every key there is, tables together, in the order of the printed form.
[[nodiscard]] const std::vector<setting>& all_settings();
/// By dotted key; nullptr if there is none.
[[nodiscard]] const setting* find_setting(std::string_view key);

/// Reads the text of a variable or of the command line: lists are comma-separated, booleans true, false, 1, 0. Nothing if it
/// is no value of that kind.
[[nodiscard]] std::optional<setting_value> parse_setting(setting_kind kind, std::string_view text);
/// As TOML writes it.
[[nodiscard]] std::string to_toml(const setting_value& value);

}  // namespace waybill::core
