/* SPDX-License-Identifier: Apache-2.0
 * Its table ends before the slots. */
#include "sound.h"

WB_EXPORT uint32_t waybill_plugin_entry(const wb_host* from, wb_plugin* plugin) {
  fill(from, plugin, "short_struct");
  plugin->struct_size = offsetof(wb_plugin, open);
  return 0;
}
