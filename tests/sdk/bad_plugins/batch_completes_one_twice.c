/* SPDX-License-Identifier: Apache-2.0
 * Completes the first task of every batch twice. */
#include "sound.h"

static uint32_t deliver_batch(wb_handler* handler, const wb_delivery* const* deliveries, const wb_token* tokens,
                              uint64_t count) {
  (void)sound_deliver_batch(handler, deliveries, tokens, count);
  complete(tokens[0], WB_ACTION_REJECT);
  return WB_OK;
}

WB_EXPORT uint32_t waybill_plugin_entry(const wb_host* from, wb_plugin* plugin) {
  fill(from, plugin, "batch_completes_one_twice");
  plugin->features = WB_FEATURE_BATCH;
  plugin->deliver_batch = deliver_batch;
  return 0;
}
