/* SPDX-License-Identifier: Apache-2.0
 * Refuses to open and says why, twice over; refuses to validate and does not. */
#include "sound.h"

static uint32_t open_not(wb_str config, wb_handler_ctx* ctx, wb_handler** out, wb_fault_sink sink, void* sink_ctx) {
  (void)config;
  (void)ctx;
  (void)out;
  sink(sink_ctx, text("/where"), text("reachable"), text("There is no such place."));
  sink(sink_ctx, text(""), text("mood"), text("Not today."));
  return WB_REFUSED;
}

static uint32_t validate_not(wb_str config, wb_fault_sink sink, void* sink_ctx) {
  (void)config;
  (void)sink;
  (void)sink_ctx;
  return WB_REFUSED;
}

WB_EXPORT uint32_t waybill_plugin_entry(const wb_host* from, wb_plugin* plugin) {
  fill(from, plugin, "open_refuses");
  plugin->open = open_not;
  plugin->validate = validate_not;
  return 0;
}
