/* SPDX-License-Identifier: Apache-2.0
 * Completes a call only when it is cancelled, and then as if nothing had been. */
#include "sound.h"

static uint32_t deliver(wb_handler* handler, const wb_delivery* delivery, wb_token token) {
  (void)handler;
  (void)delivery;
  (void)token;
  return WB_OK;
}

static void cancel(wb_handler* handler, wb_token token) {
  (void)handler;
  complete(token, WB_ACTION_DELIVERED);
}

WB_EXPORT uint32_t waybill_plugin_entry(const wb_host* from, wb_plugin* plugin) {
  fill(from, plugin, "completes_late");
  plugin->deliver = deliver;
  plugin->cancel = cancel;
  return 0;
}
