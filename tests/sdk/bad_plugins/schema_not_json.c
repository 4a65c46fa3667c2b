/* SPDX-License-Identifier: Apache-2.0
 * Its schema is not JSON. */
#include "sound.h"

WB_EXPORT uint32_t waybill_plugin_entry(const wb_host* from, wb_plugin* plugin) {
  fill(from, plugin, "schema_not_json");
  plugin->config_schema = text("{\"type\":");
  return 0;
}
