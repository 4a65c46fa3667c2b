/* SPDX-License-Identifier: Apache-2.0
 * Of two faults of a configuration its validate names the first only. */
#include "sound.h"

static int has(wb_str config, const char* part) {
  uint64_t size = strlen(part);
  uint64_t at;
  for (at = 0; at + size <= config.size; ++at)
    if (memcmp(config.ptr + at, part, size) == 0) return 1;
  return 0;
}

static uint32_t validate_first(wb_str config, wb_fault_sink sink, void* sink_ctx) {
  if (has(config, "\"a\":\"\"")) {
    sink(sink_ctx, text("/a"), text("empty"), text("a is empty"));
    return WB_REFUSED;
  }
  if (has(config, "\"b\":\"\"")) {
    sink(sink_ctx, text("/b"), text("empty"), text("b is empty"));
    return WB_REFUSED;
  }
  return WB_OK;
}

WB_EXPORT uint32_t waybill_plugin_entry(const wb_host* from, wb_plugin* plugin) {
  fill(from, plugin, "reports_one_fault");
  plugin->config_schema = text(
      "{\"type\":\"object\",\"title\":\"T\",\"properties\":"
      "{\"a\":{\"type\":\"string\"},\"b\":{\"type\":\"string\"}}}");
  plugin->validate = validate_first;
  return 0;
}
