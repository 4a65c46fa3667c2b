/* SPDX-License-Identifier: Apache-2.0
 * Claims the type of the sound plugin. */
#include "sound.h"

WB_EXPORT uint32_t waybill_plugin_entry(const wb_host* from, wb_plugin* plugin) {
  fill(from, plugin, "duplicate_type");
  plugin->type = text("sound");
  return 0;
}
