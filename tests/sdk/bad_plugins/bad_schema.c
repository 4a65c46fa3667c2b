/* SPDX-License-Identifier: Apache-2.0
 * Its schema is not one: a property of a type that does not exist. */
#include "sound.h"

WB_EXPORT uint32_t waybill_plugin_entry(const wb_host* from, wb_plugin* plugin) {
  fill(from, plugin, "bad_schema");
  plugin->config_schema = text("{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"nonsense\"}}}");
  return 0;
}
