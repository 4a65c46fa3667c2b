/* SPDX-License-Identifier: Apache-2.0
 * Answers with an action that does not exist, a connection test with no result at all. */
#include "sound.h"

static uint32_t deliver(wb_handler* handler, const wb_delivery* delivery, wb_token token) {
  (void)handler;
  (void)delivery;
  complete(token, 4711);
  return WB_OK;
}

static uint32_t test_connection(wb_handler* handler, wb_token token, int64_t deadline_ms) {
  (void)handler;
  (void)deadline_ms;
  host->complete(token, NULL);
  return WB_OK;
}

WB_EXPORT uint32_t waybill_plugin_entry(const wb_host* from, wb_plugin* plugin) {
  fill(from, plugin, "garbage_action");
  plugin->deliver = deliver;
  plugin->test_connection = test_connection;
  return 0;
}
