/* SPDX-License-Identifier: Apache-2.0
 * Its schema neither marks its secret as one nor says what its members are. */
#include "sound.h"

WB_EXPORT uint32_t waybill_plugin_entry(const wb_host* from, wb_plugin* plugin) {
  fill(from, plugin, "unmarked_secret");
  plugin->config_schema = text(
      "{\"type\":\"object\",\"title\":\"T\",\"properties\":{\"password\":{\"type\":\"string\"},"
      "\"tokenUrl\":{\"type\":\"string\"}}}");
  return 0;
}
