/* SPDX-License-Identifier: Apache-2.0
 * Completes one task more than it was given. */
#include "sound.h"

static uint32_t deliver_batch(wb_handler* handler, const wb_delivery* const* deliveries, const wb_token* tokens,
                              uint64_t count) {
  (void)sound_deliver_batch(handler, deliveries, tokens, count);
  complete(tokens[count - 1] ^ 1u, WB_ACTION_DELIVERED);
  return WB_OK;
}

WB_EXPORT uint32_t waybill_plugin_entry(const wb_host* from, wb_plugin* plugin) {
  fill(from, plugin, "batch_completes_too_many");
  plugin->features = WB_FEATURE_BATCH;
  plugin->deliver_batch = deliver_batch;
  return 0;
}
