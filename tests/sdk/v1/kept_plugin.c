/* SPDX-License-Identifier: Apache-2.0
 * Built against the header beside it, whatever the engine's own has become. Uses every slot of the host, every field of a
 * delivery and of a result; what it finds wrong it says in `detail`. */
#include <stdlib.h>
#include <string.h>
#include <waybill/plugin.h>

static const wb_host* host;

struct wb_handler {
  wb_handler_ctx* ctx;
};

static wb_str text(const char* literal) {
  wb_str view;
  view.ptr = literal;
  view.size = strlen(literal);
  return view;
}

static int is(wb_str a, const char* b) { return a.size == strlen(b) && memcmp(a.ptr, b, a.size) == 0; }
static int starts(wb_str a, const char* b) { return a.size >= strlen(b) && memcmp(a.ptr, b, strlen(b)) == 0; }

static uint32_t validate(wb_str config, wb_fault_sink sink, void* sink_ctx) {
  if (!is(config, "{\"name\":\"bad\"}")) return WB_OK;
  sink(sink_ctx, text("/name"), text("taste"), text("That is no name."));
  sink(sink_ctx, text(""), text("taste"), text("Nor is the rest any good."));
  return WB_REFUSED;
}

static uint32_t open(wb_str config, wb_handler_ctx* ctx, wb_handler** out, wb_fault_sink sink, void* sink_ctx) {
  (void)sink;
  (void)sink_ctx;
  if (!is(config, "{\"name\":\"kept\"}")) return WB_FAILED;
  *out = (wb_handler*)calloc(1, sizeof **out);
  if (*out == NULL) return WB_FAILED;
  (*out)->ctx = ctx;
  return WB_OK;
}

static uint32_t test_connection(wb_handler* handler, wb_token token, int64_t deadline_ms) {
  const uint8_t address[4] = {127, 0, 0, 1};
  wb_result result;
  memset(&result, 0, sizeof result);
  result.struct_size = sizeof result;
  result.action = WB_ACTION_DELIVERED;
  if (deadline_ms <= host->monotonic_ms()) result.action = WB_ACTION_REJECT;
  if (host->connect_allowed(handler->ctx, address, 4, 80) != WB_ALLOWED) result.action = WB_ACTION_REJECT;
  host->complete(token, &result);
  return WB_OK;
}

static const char* host_fault(wb_handler* handler, const wb_delivery* d) {
  uint8_t buffer[64];
  char link[256];
  uint64_t size = sizeof buffer;
  if (host->struct_size < sizeof *host || host->abi_major != 1 || host->version.size == 0) return "host";
  host->retain(d);
  if (host->read(d, 3, buffer, &size) != WB_OK || size != d->size - 3 || memcmp(buffer, d->data + 3, size) != 0) return "read";
  host->release(d);
  host->log(handler->ctx, WB_LOG_DEBUG, text("kept"));
  if (host->now_ms() < 1600000000000) return "now_ms";
  host->metric_add(handler->ctx, text("added"), 1);
  host->metric_observe(handler->ctx, text("observed"), 1);
  if (host->state_put(handler->ctx, text("k"), (const uint8_t*)"value", 5) != WB_OK) return "state_put";
  size = sizeof buffer;
  if (host->state_get(handler->ctx, text("k"), buffer, &size) != WB_OK || size != 5) return "state_get";
  if (host->state_get(handler->ctx, text("none"), buffer, &size) != WB_NOT_FOUND) return "state_get of nothing";
  size = sizeof link;
  if (host->link_create(handler->ctx, d, text("{}"), link, &size) != WB_OK || size == 0) return "link_create";
  memset(buffer, 0, sizeof buffer);
  host->random(buffer, sizeof buffer);
  for (size = 0; size < sizeof buffer && buffer[size] == 0;) ++size;
  return size == sizeof buffer ? "random" : NULL;
}

static const char* delivery_fault(const wb_delivery* d) {
  if (d->struct_size < sizeof *d || d->attempt != 1) return "attempt";
  if (!starts(d->task_id, "tsk_") || !starts(d->delivery_id, "dlv_")) return "ids";
  if (!starts(d->organization_id, "org_") || !starts(d->destination_id, "dst_")) return "owner ids";
  if (d->idempotency_key.size == 0 || !is(d->correlation_id, "corr-1") || d->traceparent.size != 0) return "keys";
  if (!is(d->payload_type, "report") || !is(d->content_type, "application/json") || !is(d->filename, "report.json"))
    return "kind";
  if (!is(d->metadata, "{\"region\":\"eu\"}") || d->size != 7 || d->sha256[0] != 7 || d->sha256[31] != 7) return "content";
  if (d->created_at_ms != 1700000000000 || d->deadline_ms <= host->monotonic_ms()) return "times";
  return memcmp(d->data, "payload", 7) != 0 ? "data" : NULL;
}

static uint32_t deliver(wb_handler* handler, const wb_delivery* delivery, wb_token token) {
  wb_result r;
  const char* fault = delivery_fault(delivery);
  if (fault == NULL) fault = host_fault(handler, delivery);
  memset(&r, 0, sizeof r);
  r.struct_size = sizeof r;
  r.action = WB_ACTION_THROTTLED;
  r.category = WB_CATEGORY_REMOTE;
  r.code = 418;
  r.retry_after_ms = 2500;
  r.bytes_sent = delivery->size;
  r.disable_destination = 1;
  r.external_reference = text("ref");
  r.detail = text(fault == NULL ? "all slots work" : fault);
  r.message = text("message");
  r.request = text("{\"q\":1}");
  r.response = text("{\"a\":2}");
  host->complete(token, &r);
  return WB_OK;
}

static void cancel(wb_handler* handler, wb_token token) {
  (void)handler;
  (void)token;
}

static void drain(wb_handler* handler, int64_t deadline_ms) {
  (void)handler;
  (void)deadline_ms;
}

static void close(wb_handler* handler) {
  host->metric_add(handler->ctx, text("closed"), 1);
  free(handler);
}

WB_EXPORT uint32_t waybill_plugin_entry(const wb_host* from, wb_plugin* plugin);
WB_EXPORT uint32_t waybill_plugin_entry(const wb_host* from, wb_plugin* plugin) {
  if (plugin->struct_size < sizeof *plugin) return 1;
  host = from;
  plugin->struct_size = sizeof *plugin;
  plugin->abi_major = WB_ABI_MAJOR;
  plugin->abi_minor = WB_ABI_MINOR;
  plugin->min_minor = 0;
  plugin->type = text("kept_v1");
  plugin->title = text("Kept since 1.0");
  plugin->version = text("1.0.0");
  plugin->config_schema = text(
      "{\"type\":\"object\",\"title\":\"Kept\",\"required\":[\"name\"],\"properties\":"
      "{\"name\":{\"type\":\"string\",\"title\":\"Name\"}}}");
  plugin->features = 0;
  plugin->validate = validate;
  plugin->open = open;
  plugin->test_connection = test_connection;
  plugin->deliver = deliver;
  plugin->cancel = cancel;
  plugin->drain = drain;
  plugin->close = close;
  return 0;
}
