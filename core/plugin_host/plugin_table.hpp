// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <waybill/plugin.h>

namespace waybill::core {

/// The host's own copy of what a plugin filled in: everything past the plugin's size is zero.
struct plugin_table {
  wb_plugin slots{};
  std::string type;
  std::string title;
  std::string version;
  std::string config_schema;
};

/// What is wrong with a table, a sentence each that names both sides; empty: it is sound.
using table_faults = std::vector<std::string>;

/// Sizes, versions and required slots of a table whose first `size` bytes are readable. Follows no pointer, so it is safe
/// on any bytes. Later checks are left out where an earlier fault makes them meaningless (another major version has
/// another layout). validate, cancel and drain may be NULL, deliver_batch without its feature; every other slot is required.
[[nodiscard]] table_faults copy_slots(const std::uint8_t* bytes, std::size_t size, wb_plugin& out);

/// The texts of a copied table: follows their pointers. Type name, non-empty title and version, limits of length.
[[nodiscard]] table_faults copy_texts(const wb_plugin& slots, plugin_table& out);

/// [a-z][a-z0-9_]{1,31}
[[nodiscard]] bool is_type_name(const std::string& name);

}  // namespace waybill::core
