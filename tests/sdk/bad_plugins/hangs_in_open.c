/* SPDX-License-Identifier: Apache-2.0
 * Does not come back from open until its destination's state says `go`. */
#include "sound.h"

#include <sched.h>

static uint32_t open_some_day(wb_str config, wb_handler_ctx* ctx, wb_handler** out, wb_fault_sink sink, void* sink_ctx) {
  uint8_t value[8];
  uint64_t size = sizeof value;
  while (host->state_get(ctx, text("go"), value, &size) != WB_OK) {
    size = sizeof value;
    sched_yield();
  }
  return sound_open(config, ctx, out, sink, sink_ctx);
}

static void close_and_tell(wb_handler* handler) { host->metric_add(context(handler), text("closed"), 1); }

WB_EXPORT uint32_t waybill_plugin_entry(const wb_host* from, wb_plugin* plugin) {
  fill(from, plugin, "hangs_in_open");
  plugin->open = open_some_day;
  plugin->close = close_and_tell;
  return 0;
}
