// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "core/config/config.hpp"

namespace waybill::node {

/// What a start of waybilld is for.
enum class purpose : std::uint8_t { serve = 1, check_config, print_config, backup, restore, migrate, done };

struct command_line {
  purpose what = purpose::serve;
  int exit_code = 0;  ///< for `done`: --help, --version and wrong usage
  core::config_sources sources;
  std::string file;      ///< for `backup` and `restore`
  std::string from, to;  ///< for `migrate`
};

/// Reads the arguments and the environment; prints help, version and usage errors itself.
[[nodiscard]] command_line read_command_line(int argc, char** argv);

}  // namespace waybill::node
