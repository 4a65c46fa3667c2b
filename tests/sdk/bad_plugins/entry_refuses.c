/* SPDX-License-Identifier: Apache-2.0
 * Does not want to be loaded. */
#include "sound.h"

WB_EXPORT uint32_t waybill_plugin_entry(const wb_host* from, wb_plugin* plugin) {
  fill(from, plugin, "entry_refuses");
  return 3;
}
