/* SPDX-License-Identifier: Apache-2.0
 * Nothing is wrong with this one. */
#include "sound.h"
WB_EXPORT uint32_t waybill_plugin_entry(const wb_host* from, wb_plugin* plugin) {
  fill(from, plugin, "sound");
  return 0;
}
