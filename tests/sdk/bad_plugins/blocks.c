/* SPDX-License-Identifier: Apache-2.0
 * Blocks in deliver, and says so, until its destination's state says `go`. */
#include "sound.h"

#include <sched.h>

static uint32_t deliver(wb_handler* handler, const wb_delivery* delivery, wb_token token) {
  uint8_t value[8];
  uint64_t size = sizeof value;
  (void)delivery;
  host->metric_add(context(handler), text("entered"), 1);
  while (host->state_get(context(handler), text("go"), value, &size) != WB_OK) {
    size = sizeof value;
    sched_yield();
  }
  complete(token, WB_ACTION_DELIVERED);
  return WB_OK;
}

WB_EXPORT uint32_t waybill_plugin_entry(const wb_host* from, wb_plugin* plugin) {
  fill(from, plugin, "blocks");
  plugin->features = WB_FEATURE_BLOCKING;
  plugin->deliver = deliver;
  return 0;
}
