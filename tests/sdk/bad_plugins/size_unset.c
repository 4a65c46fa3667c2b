/* SPDX-License-Identifier: Apache-2.0
 * Says of itself an impossible size. */
#include "sound.h"

WB_EXPORT uint32_t waybill_plugin_entry(const wb_host* from, wb_plugin* plugin) {
  fill(from, plugin, "size_unset");
  plugin->struct_size = 0;
  return 0;
}
