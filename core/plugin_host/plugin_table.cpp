// SPDX-License-Identifier: Apache-2.0
#include "core/plugin_host/plugin_table.hpp"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>
#include <simdjson.h>

#include "core/plugin_host/foreign_text.hpp"

namespace waybill::core {
namespace {

constexpr std::size_t header_bytes = offsetof(wb_plugin, type);
/// No future table is this large: a size beyond it was never set.
constexpr std::size_t largest_table = 65'536;
constexpr std::size_t max_title_bytes = 128;
constexpr std::size_t max_version_bytes = 64;
constexpr std::size_t max_schema_bytes = 1'048'576;

struct slot {
  const char* name;
  std::size_t offset;
};
constexpr slot required_slots[] = {
    {"open", offsetof(wb_plugin, open)},
    {"test_connection", offsetof(wb_plugin, test_connection)},
    {"deliver", offsetof(wb_plugin, deliver)},
    {"close", offsetof(wb_plugin, close)},
};

void check_versions(const wb_plugin& table, table_faults& faults) {
  if (table.abi_major != WB_ABI_MAJOR) {
    faults.push_back(fmt::format("the plugin speaks ABI {}.{}, this engine speaks {}.{}: the major versions must be equal",
                                 table.abi_major, table.abi_minor, WB_ABI_MAJOR, WB_ABI_MINOR));
  } else if (table.min_minor > WB_ABI_MINOR) {
    faults.push_back(fmt::format("the plugin needs an engine of ABI {}.{} or newer, this engine speaks {}.{}", table.abi_major,
                                 table.min_minor, WB_ABI_MAJOR, WB_ABI_MINOR));
  }
}

void check_slots(const wb_plugin& table, std::size_t size, table_faults& faults) {
  for (const auto& s : required_slots) {
    if (s.offset + sizeof(void*) > size) {
      faults.push_back(fmt::format("its table of {} bytes ends before the slot `{}` at byte {}, which this engine requires",
                                   size, s.name, s.offset));
      continue;
    }
    void* value = nullptr;
    std::memcpy(&value, reinterpret_cast<const std::uint8_t*>(&table) + s.offset, sizeof value);
    if (value == nullptr) faults.push_back(fmt::format("its slot `{}` is NULL, which this engine requires", s.name));
  }
  // Zero, too, where the plugin's table ends before the slot.
  if ((table.features & WB_FEATURE_BATCH) != 0 && table.deliver_batch == nullptr)
    faults.push_back("it says it takes batches (WB_FEATURE_BATCH), but its slot `deliver_batch` is NULL");
}

/// `out` gets the text unless there is a fault.
void copy_text(const char* name, wb_str text, std::size_t cap, std::string& out, table_faults& faults) {
  if (text.ptr == nullptr || text.size == 0) {
    faults.push_back(fmt::format("its `{}` is empty", name));
  } else if (text.size > cap) {
    faults.push_back(fmt::format("its `{}` has {} bytes, this engine takes {}", name, text.size, cap));
  } else if (!simdjson::validate_utf8(text.ptr, static_cast<std::size_t>(text.size))) {
    faults.push_back(fmt::format("its `{}` is not UTF-8", name));
  } else {
    out.assign(text.ptr, static_cast<std::size_t>(text.size));
  }
}

}  // namespace

bool is_type_name(const std::string& name) {
  const auto is_lower = [](char c) { return c >= 'a' && c <= 'z'; };
  const auto is_inner = [&](char c) { return is_lower(c) || (c >= '0' && c <= '9') || c == '_'; };
  return name.size() >= 2 && name.size() <= 32 && is_lower(name.front()) && std::all_of(name.begin(), name.end(), is_inner);
}

table_faults copy_slots(const std::uint8_t* bytes, std::size_t size, wb_plugin& out) {
  std::memset(&out, 0, sizeof out);
  if (size < sizeof out.struct_size) return {"there is no table"};
  std::uint32_t claimed = 0;
  std::memcpy(&claimed, bytes, sizeof claimed);
  if (claimed < header_bytes)
    return {fmt::format("its table says it has {} bytes; the versions alone take {}", claimed, header_bytes)};
  if (claimed > largest_table)
    return {fmt::format("its table says it has {} bytes, this engine knows {}: struct_size was not set", claimed, sizeof out)};
  const auto usable = std::min({static_cast<std::size_t>(claimed), size, sizeof out});
  std::memcpy(&out, bytes, usable);

  table_faults faults;
  check_versions(out, faults);
  if (faults.empty()) check_slots(out, usable, faults);
  return faults;
}

table_faults copy_texts(const wb_plugin& slots, plugin_table& out) {
  table_faults faults;
  out.slots = slots;
  copy_text("type", slots.type, 1'024, out.type, faults);
  if (!out.type.empty() && !is_type_name(out.type))
    faults.push_back(fmt::format("its type `{}` is not of the form [a-z][a-z0-9_]{{1,31}}", clean_text(out.type, 64)));
  copy_text("title", slots.title, max_title_bytes, out.title, faults);
  copy_text("version", slots.version, max_version_bytes, out.version, faults);
  copy_text("config_schema", slots.config_schema, max_schema_bytes, out.config_schema, faults);
  return faults;
}

}  // namespace waybill::core
