// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "cli/failure.hpp"

namespace CLI {
class App;
}

namespace waybill::cli {

/// The options that stand before every command, and where they come from when they are not given (README.md).
struct settings {
  std::string server = "http://127.0.0.1:8080";
  std::string key;  ///< never printed, and not in --help's defaults
  std::string key_file;
  std::string organization;  ///< X-Organization-Id; empty: the key's own
  std::string ca_file;       ///< PEM; empty: the system's
  bool json = false;
  bool no_color = false;

  void add_to(CLI::App& app);
  /// Fills `key` from the key file, checks `server`. An unreadable file that was named is an error; the default one is not.
  [[nodiscard]] outcome<void> complete();
};

}  // namespace waybill::cli
