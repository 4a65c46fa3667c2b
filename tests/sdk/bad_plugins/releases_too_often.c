/* SPDX-License-Identifier: Apache-2.0
 * Releases a delivery it never retained. */
#include "sound.h"

static uint32_t deliver(wb_handler* handler, const wb_delivery* delivery, wb_token token) {
  (void)handler;
  host->release(delivery);
  complete(token, WB_ACTION_DELIVERED);
  return WB_OK;
}

WB_EXPORT uint32_t waybill_plugin_entry(const wb_host* from, wb_plugin* plugin) {
  fill(from, plugin, "releases_too_often");
  plugin->deliver = deliver;
  return 0;
}
