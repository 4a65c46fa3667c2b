/* SPDX-License-Identifier: Apache-2.0
 * Accepts every call and completes none. */
#include "sound.h"

static uint32_t deliver(wb_handler* handler, const wb_delivery* delivery, wb_token token) {
  (void)handler;
  (void)delivery;
  (void)token;
  return WB_OK;
}

WB_EXPORT uint32_t waybill_plugin_entry(const wb_host* from, wb_plugin* plugin) {
  fill(from, plugin, "never_completes");
  plugin->deliver = deliver;
  return 0;
}
