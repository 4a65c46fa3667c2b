/* SPDX-License-Identifier: Apache-2.0
 * Keeps every delivery for ever. */
#include "sound.h"

static uint32_t deliver(wb_handler* handler, const wb_delivery* delivery, wb_token token) {
  (void)handler;
  host->retain(delivery);
  complete(token, WB_ACTION_DELIVERED);
  return WB_OK;
}

WB_EXPORT uint32_t waybill_plugin_entry(const wb_host* from, wb_plugin* plugin) {
  fill(from, plugin, "leaks");
  plugin->deliver = deliver;
  return 0;
}
