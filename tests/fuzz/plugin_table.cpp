// SPDX-License-Identifier: Apache-2.0
// The reader of a plugin's table and result, on bytes. Pointers in such bytes lead nowhere, so those of the texts are bent
// to lie inside the input before they are followed; which part of it they show stays the input's choice.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "core/plugin_host/plugin_table.hpp"
#include "core/plugin_host/result_reader.hpp"

namespace {

struct input {
  const std::uint8_t* bytes;
  std::size_t size;
};

void bend(wb_str& text, const input& in) {
  const auto at = reinterpret_cast<std::uintptr_t>(text.ptr) % (in.size + 1);
  text.ptr = reinterpret_cast<const char*>(in.bytes) + at;
  text.size = std::min<std::uint64_t>(text.size, in.size - at);
}

void require(bool holds) {
  if (!holds) std::abort();
}

void read_table(const input& in) {
  wb_plugin slots;
  const auto faults = waybill::core::copy_slots(in.bytes, in.size, slots);
  if (!faults.empty()) return;
  require(slots.deliver != nullptr && slots.open != nullptr && slots.close != nullptr);
  for (auto* text : {&slots.type, &slots.title, &slots.version, &slots.config_schema}) bend(*text, in);
  waybill::core::plugin_table table;
  if (waybill::core::copy_texts(slots, table).empty()) require(waybill::core::is_type_name(table.type));
}

void read_result(const input& in) {
  wb_result foreign{};
  if (in.size > 0) std::memcpy(&foreign, in.bytes, std::min(in.size, sizeof foreign));
  for (auto* text : {&foreign.external_reference, &foreign.detail, &foreign.message, &foreign.request, &foreign.response})
    bend(*text, in);
  const auto out = waybill::core::read_result(&foreign).result;
  require(out.request.empty() || out.request.front() != '[');
  require(out.detail.size() <= 3 * 4'096 && out.request.size() <= 64 * 1'024);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  read_table({bytes, size});
  read_result({bytes, size});
  return 0;
}
