/* SPDX-License-Identifier: Apache-2.0
 * Hands in records and texts without measure. */
#include "sound.h"

static char large[200000];

static uint32_t deliver(wb_handler* handler, const wb_delivery* delivery, wb_token token) {
  wb_result r = outcome(WB_ACTION_DELIVERED);
  wb_str all;
  (void)handler;
  (void)delivery;
  memset(large, 'x', sizeof large);
  memcpy(large, "{\"a\":\"", 6);
  memcpy(large + sizeof large - 2, "\"}", 2);
  all.ptr = large;
  all.size = sizeof large;
  r.request = all;
  r.response = all;
  r.detail = all;
  r.message = all;
  r.external_reference = all;
  host->complete(token, &r);
  return WB_OK;
}

WB_EXPORT uint32_t waybill_plugin_entry(const wb_host* from, wb_plugin* plugin) {
  fill(from, plugin, "oversize_records");
  plugin->deliver = deliver;
  return 0;
}
