/* SPDX-License-Identifier: Apache-2.0
 * A plugin in plain C11 and nothing but the header: counts the bytes of a delivery, as if each of them had been sent. */
#include <string.h>
#include <waybill/plugin.h>

static const wb_host* host;

static wb_str text(const char* literal) {
  wb_str view = {literal, strlen(literal)};
  return view;
}

static uint32_t open(wb_str config, wb_handler_ctx* ctx, wb_handler** out, wb_fault_sink sink, void* sink_ctx) {
  if (config.size == 0) sink(sink_ctx, text(""), text("required"), text("There is no configuration."));
  *out = (wb_handler*)ctx;
  return config.size == 0 ? WB_REFUSED : WB_OK;
}

static uint32_t succeed(wb_token token, uint64_t bytes, wb_str reference) {
  wb_result result;
  memset(&result, 0, sizeof result);
  result.struct_size = sizeof result;
  result.action = WB_ACTION_DELIVERED;
  result.bytes_sent = bytes;
  result.external_reference = reference;
  host->complete(token, &result);
  return WB_OK;
}

static uint32_t test_connection(wb_handler* handler, wb_token token, int64_t deadline_ms) {
  (void)handler;
  return host->monotonic_ms() < deadline_ms ? succeed(token, 0, text("")) : WB_REFUSED;
}

static uint32_t deliver(wb_handler* handler, const wb_delivery* delivery, wb_token token) {
  uint8_t part[4];
  uint64_t sent = 0;
  uint64_t size = sizeof part;
  while (host->read(delivery, sent, part, &size) == WB_OK && size > 0) {
    sent += size;
    size = sizeof part;
  }
  host->metric_add((wb_handler_ctx*)handler, text("bytes"), (double)sent);
  host->log((wb_handler_ctx*)handler, WB_LOG_DEBUG, text("counted"));
  return succeed(token, sent, delivery->idempotency_key);
}

static uint32_t deliver_batch(wb_handler* handler, const wb_delivery* const* deliveries, const wb_token* tokens,
                              uint64_t count) {
  uint64_t i;
  for (i = 0; i < count; ++i) (void)deliver(handler, deliveries[i], tokens[i]);
  return WB_OK;
}

static void close(wb_handler* handler) { (void)handler; }

WB_EXPORT uint32_t waybill_plugin_entry(const wb_host* from, wb_plugin* plugin);
WB_EXPORT uint32_t waybill_plugin_entry(const wb_host* from, wb_plugin* plugin) {
  host = from;
  plugin->struct_size = sizeof *plugin;
  plugin->abi_major = WB_ABI_MAJOR;
  plugin->abi_minor = WB_ABI_MINOR;
  plugin->type = text("c_counter");
  plugin->title = text("Byte counter");
  plugin->version = text("1.0.0");
  plugin->config_schema = text("{\"type\":\"object\",\"title\":\"Byte counter\"}");
  plugin->features = WB_FEATURE_STREAMING | WB_FEATURE_BATCH;
  plugin->deliver_batch = deliver_batch;
  plugin->open = open;
  plugin->test_connection = test_connection;
  plugin->deliver = deliver;
  plugin->close = close;
  return 0;
}
