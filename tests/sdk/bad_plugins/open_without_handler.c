/* SPDX-License-Identifier: Apache-2.0
 * Says open went well and gives no handler. */
#include "sound.h"

static uint32_t open_nothing(wb_str config, wb_handler_ctx* ctx, wb_handler** out, wb_fault_sink sink, void* sink_ctx) {
  (void)config;
  (void)ctx;
  (void)out;
  (void)sink;
  (void)sink_ctx;
  return WB_OK;
}

WB_EXPORT uint32_t waybill_plugin_entry(const wb_host* from, wb_plugin* plugin) {
  fill(from, plugin, "open_without_handler");
  plugin->open = open_nothing;
  return 0;
}
