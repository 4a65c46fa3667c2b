// SPDX-License-Identifier: Apache-2.0
// Throws from its entry, and not even a std::exception.
#include "sound.h"

extern "C" WB_EXPORT uint32_t waybill_plugin_entry(const wb_host* from, wb_plugin* plugin) {
  fill(from, plugin, "entry_throws");
  throw 42;
}
