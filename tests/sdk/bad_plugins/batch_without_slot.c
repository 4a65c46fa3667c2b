/* SPDX-License-Identifier: Apache-2.0
 * Says it takes batches and has no slot for them. */
#include "sound.h"

WB_EXPORT uint32_t waybill_plugin_entry(const wb_host* from, wb_plugin* plugin) {
  fill(from, plugin, "batch_without_slot");
  plugin->features = WB_FEATURE_BATCH;
  return 0;
}
