/* SPDX-License-Identifier: Apache-2.0
 * Its type is not a type name. */
#include "sound.h"

WB_EXPORT uint32_t waybill_plugin_entry(const wb_host* from, wb_plugin* plugin) {
  fill(from, plugin, "bad_type_name");
  plugin->type = text("Bad Type");
  return 0;
}
