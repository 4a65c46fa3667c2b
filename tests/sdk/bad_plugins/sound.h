/* SPDX-License-Identifier: Apache-2.0
 * A plugin that does everything right: what the bad ones deviate from. */
#ifndef WAYBILL_TESTS_SOUND_H
#define WAYBILL_TESTS_SOUND_H

#include <string.h>
#include <waybill/plugin.h>

#ifdef __cplusplus
extern "C" {
#endif

static const wb_host* host;

static inline wb_str text(const char* literal) {
  wb_str view;
  view.ptr = literal;
  view.size = strlen(literal);
  return view;
}

static inline wb_result outcome(uint32_t action) {
  wb_result r;
  memset(&r, 0, sizeof r);
  r.struct_size = sizeof r;
  r.action = action;
  return r;
}

static inline void complete(wb_token token, uint32_t action) {
  wb_result r = outcome(action);
  host->complete(token, &r);
}

static inline uint32_t sound_validate(wb_str config, wb_fault_sink sink, void* sink_ctx) {
  (void)config;
  (void)sink;
  (void)sink_ctx;
  return WB_OK;
}

/* The handler is its context: a plugin with nothing to remember needs no memory. */
static inline uint32_t sound_open(wb_str config, wb_handler_ctx* ctx, wb_handler** out, wb_fault_sink sink, void* sink_ctx) {
  (void)config;
  (void)sink;
  (void)sink_ctx;
  *out = (wb_handler*)ctx;
  return WB_OK;
}

static inline wb_handler_ctx* context(wb_handler* handler) { return (wb_handler_ctx*)handler; }

static inline uint32_t sound_test_connection(wb_handler* handler, wb_token token, int64_t deadline_ms) {
  (void)handler;
  (void)deadline_ms;
  complete(token, WB_ACTION_DELIVERED);
  return WB_OK;
}

static inline uint32_t sound_deliver(wb_handler* handler, const wb_delivery* delivery, wb_token token) {
  (void)handler;
  (void)delivery;
  complete(token, WB_ACTION_DELIVERED);
  return WB_OK;
}

static inline uint32_t sound_deliver_batch(wb_handler* handler, const wb_delivery* const* deliveries, const wb_token* tokens,
                                           uint64_t count) {
  uint64_t i;
  for (i = 0; i < count; ++i) (void)sound_deliver(handler, deliveries[i], tokens[i]);
  return WB_OK;
}

static inline void sound_cancel(wb_handler* handler, wb_token token) {
  (void)handler;
  (void)token;
}

static inline void sound_drain(wb_handler* handler, int64_t deadline_ms) {
  (void)handler;
  (void)deadline_ms;
}

static inline void sound_close(wb_handler* handler) { (void)handler; }

static inline void fill(const wb_host* from, wb_plugin* plugin, const char* type) {
  host = from;
  plugin->struct_size = sizeof *plugin;
  plugin->abi_major = WB_ABI_MAJOR;
  plugin->abi_minor = WB_ABI_MINOR;
  plugin->type = text(type);
  plugin->title = text("A test plugin");
  plugin->version = text("1.0.0");
  plugin->config_schema = text("{\"type\":\"object\",\"title\":\"Test\",\"properties\":{\"where\":{\"type\":\"string\"}}}");
  plugin->validate = sound_validate;
  plugin->open = sound_open;
  plugin->test_connection = sound_test_connection;
  plugin->deliver = sound_deliver;
  plugin->cancel = sound_cancel;
  plugin->drain = sound_drain;
  plugin->close = sound_close;
}

#ifdef __cplusplus
}
#endif

#endif
