// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "core/model/error.hpp"

#include <waybill/plugin.h>

namespace waybill::core {

/// A plugin's file, mapped for the rest of the process.
struct shared_library {
  std::string path;  ///< absolute
  wb_plugin_entry_fn entry = nullptr;
};

/// Maps the file with RTLD_NOW | RTLD_LOCAL, so a missing symbol shows here and not in the middle of a delivery, and finds
/// the entry. Never unmapped: a plugin may have threads, and a table used after unmapping would be a crash. The error
/// carries the dynamic linker's own words. Runs the library's static constructors.
[[nodiscard]] result<shared_library> map_library(const std::string& path);

}  // namespace waybill::core
