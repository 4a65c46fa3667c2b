/* SPDX-License-Identifier: Apache-2.0
 * Completes every call twice. */
#include "sound.h"

static uint32_t deliver(wb_handler* handler, const wb_delivery* delivery, wb_token token) {
  (void)handler;
  (void)delivery;
  complete(token, WB_ACTION_DELIVERED);
  complete(token, WB_ACTION_REJECT);
  return WB_OK;
}

WB_EXPORT uint32_t waybill_plugin_entry(const wb_host* from, wb_plugin* plugin) {
  fill(from, plugin, "completes_twice");
  plugin->deliver = deliver;
  return 0;
}
