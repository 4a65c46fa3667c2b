/* SPDX-License-Identifier: Apache-2.0
 * Completes all of a batch but its last. */
#include "sound.h"

static uint32_t deliver_batch(wb_handler* handler, const wb_delivery* const* deliveries, const wb_token* tokens,
                              uint64_t count) {
  return sound_deliver_batch(handler, deliveries, tokens, count - 1);
}

WB_EXPORT uint32_t waybill_plugin_entry(const wb_host* from, wb_plugin* plugin) {
  fill(from, plugin, "batch_forgets_one");
  plugin->features = WB_FEATURE_BATCH;
  plugin->deliver_batch = deliver_batch;
  return 0;
}
