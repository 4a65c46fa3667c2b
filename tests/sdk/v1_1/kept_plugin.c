/* SPDX-License-Identifier: Apache-2.0
 * Built against the header beside it, whatever the engine's own has become. Uses what came with ABI 1.1: batches. */
#include <string.h>
#include <waybill/plugin.h>

static const wb_host* host;

static wb_str text(const char* literal) {
  wb_str view;
  view.ptr = literal;
  view.size = strlen(literal);
  return view;
}

static uint32_t open(wb_str config, wb_handler_ctx* ctx, wb_handler** out, wb_fault_sink sink, void* sink_ctx) {
  (void)config;
  (void)sink;
  (void)sink_ctx;
  *out = (wb_handler*)ctx;
  return WB_OK;
}

static void complete(wb_token token, int32_t code, wb_str reference) {
  wb_result r;
  memset(&r, 0, sizeof r);
  r.struct_size = sizeof r;
  r.action = WB_ACTION_DELIVERED;
  r.code = code;
  r.external_reference = reference;
  host->complete(token, &r);
}

static uint32_t test_connection(wb_handler* handler, wb_token token, int64_t deadline_ms) {
  (void)handler;
  (void)deadline_ms;
  complete(token, 0, text(""));
  return WB_OK;
}

static uint32_t deliver(wb_handler* handler, const wb_delivery* delivery, wb_token token) {
  (void)handler;
  complete(token, 1, delivery->idempotency_key);
  return WB_OK;
}

/* From the last to the first: the order of completing is free. */
static uint32_t deliver_batch(wb_handler* handler, const wb_delivery* const* deliveries, const wb_token* tokens,
                              uint64_t count) {
  uint64_t i;
  (void)handler;
  for (i = count; i > 0; --i) complete(tokens[i - 1], (int32_t)(100 + i), deliveries[i - 1]->idempotency_key);
  return WB_OK;
}

static void close(wb_handler* handler) { (void)handler; }

WB_EXPORT uint32_t waybill_plugin_entry(const wb_host* from, wb_plugin* plugin);
WB_EXPORT uint32_t waybill_plugin_entry(const wb_host* from, wb_plugin* plugin) {
  if (plugin->struct_size < sizeof *plugin) return 1;
  host = from;
  plugin->struct_size = sizeof *plugin;
  plugin->abi_major = WB_ABI_MAJOR;
  plugin->abi_minor = WB_ABI_MINOR;
  plugin->min_minor = 1;
  plugin->type = text("kept_v1_1");
  plugin->title = text("Kept since 1.1");
  plugin->version = text("1.1.0");
  plugin->config_schema = text("{\"type\":\"object\",\"title\":\"Kept\",\"properties\":{}}");
  plugin->features = WB_FEATURE_BATCH;
  plugin->open = open;
  plugin->test_connection = test_connection;
  plugin->deliver = deliver;
  plugin->close = close;
  plugin->deliver_batch = deliver_batch;
  return 0;
}
