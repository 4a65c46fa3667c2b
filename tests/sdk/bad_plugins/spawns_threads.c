/* SPDX-License-Identifier: Apache-2.0
 * Leaves a thread behind with every handler. */
#include "sound.h"

#include <pthread.h>
#include <unistd.h>

static void* idle_for_ever(void* nothing) {
  for (;;) pause();
  return nothing;
}

static uint32_t open_and_spawn(wb_str config, wb_handler_ctx* ctx, wb_handler** out, wb_fault_sink sink, void* sink_ctx) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, idle_for_ever, NULL) != 0) return WB_FAILED;
  pthread_detach(thread);
  return sound_open(config, ctx, out, sink, sink_ctx);
}

WB_EXPORT uint32_t waybill_plugin_entry(const wb_host* from, wb_plugin* plugin) {
  fill(from, plugin, "spawns_threads");
  plugin->open = open_and_spawn;
  return 0;
}
