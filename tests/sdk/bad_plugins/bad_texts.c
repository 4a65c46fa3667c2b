/* SPDX-License-Identifier: Apache-2.0
 * Writes texts that are not UTF-8 and records that are not JSON. */
#include "sound.h"

static uint32_t deliver(wb_handler* handler, const wb_delivery* delivery, wb_token token) {
  wb_result r = outcome(WB_ACTION_REJECT);
  (void)handler;
  (void)delivery;
  r.detail = text("caf\xE9");
  r.message = text("\x1B[31mred");
  r.request = text("{\"a\":\"\xFF\"}");
  r.response = text("<html>");
  host->complete(token, &r);
  return WB_OK;
}

WB_EXPORT uint32_t waybill_plugin_entry(const wb_host* from, wb_plugin* plugin) {
  fill(from, plugin, "bad_texts");
  plugin->deliver = deliver;
  return 0;
}
