/* SPDX-License-Identifier: Apache-2.0
 * Dies in deliver of a pointer to nowhere. */
#include "sound.h"

static volatile int* volatile nowhere;

static uint32_t deliver(wb_handler* handler, const wb_delivery* delivery, wb_token token) {
  (void)handler;
  (void)delivery;
  *nowhere = 1;
  complete(token, WB_ACTION_DELIVERED);
  return WB_OK;
}

WB_EXPORT uint32_t waybill_plugin_entry(const wb_host* from, wb_plugin* plugin) {
  fill(from, plugin, "crashes");
  plugin->deliver = deliver;
  return 0;
}
