/* SPDX-License-Identifier: Apache-2.0
 * Refuses a batch after it has completed one of it. */
#include "sound.h"

static uint32_t deliver_batch(wb_handler* handler, const wb_delivery* const* deliveries, const wb_token* tokens,
                              uint64_t count) {
  (void)sound_deliver_batch(handler, deliveries, tokens, 1);
  (void)count;
  return WB_REFUSED;
}

WB_EXPORT uint32_t waybill_plugin_entry(const wb_host* from, wb_plugin* plugin) {
  fill(from, plugin, "batch_refuses_late");
  plugin->features = WB_FEATURE_BATCH;
  plugin->deliver_batch = deliver_batch;
  return 0;
}
