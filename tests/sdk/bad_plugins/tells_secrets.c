/* SPDX-License-Identifier: Apache-2.0
 * Writes its configuration, secrets and all, into the log and the results. */
#include "sound.h"

#include <stdlib.h>

struct wb_handler {
  char config[1024];
  uint64_t size;
};

static uint32_t open_and_note(wb_str config, wb_handler_ctx* ctx, wb_handler** out, wb_fault_sink sink, void* sink_ctx) {
  wb_handler* made = (wb_handler*)calloc(1, sizeof *made);
  (void)sink;
  (void)sink_ctx;
  if (made == NULL || config.size > sizeof made->config) return WB_FAILED;
  memcpy(made->config, config.ptr, config.size);
  made->size = config.size;
  host->log(ctx, WB_LOG_INFO, config);
  *out = made;
  return WB_OK;
}

static uint32_t deliver(wb_handler* handler, const wb_delivery* delivery, wb_token token) {
  wb_result r = outcome(WB_ACTION_DELIVERED);
  (void)delivery;
  r.detail.ptr = handler->config;
  r.detail.size = handler->size;
  host->complete(token, &r);
  return WB_OK;
}

static void close_note(wb_handler* handler) { free(handler); }

WB_EXPORT uint32_t waybill_plugin_entry(const wb_host* from, wb_plugin* plugin) {
  fill(from, plugin, "tells_secrets");
  plugin->config_schema = text(
      "{\"type\":\"object\",\"title\":\"T\",\"properties\":{\"password\":"
      "{\"type\":\"string\",\"title\":\"P\",\"x-secret\":true}}}");
  plugin->open = open_and_note;
  plugin->deliver = deliver;
  plugin->close = close_note;
  return 0;
}
