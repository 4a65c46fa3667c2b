// SPDX-License-Identifier: Apache-2.0
// Throws from the hook its configuration names, or from every hook but open and validate when it names "later".
#include <stdexcept>
#include <string_view>

#include "sound.h"

namespace {

bool names(wb_str config, std::string_view hook) {
  return std::string_view{config.ptr, config.size}.find(hook) != std::string_view::npos;
}

[[noreturn]] void boom(const char* hook) { throw std::runtime_error(hook); }

uint32_t validate(wb_str config, wb_fault_sink, void*) {
  if (names(config, "validate")) boom("boom in validate");
  return WB_OK;
}

uint32_t open(wb_str config, wb_handler_ctx* ctx, wb_handler** out, wb_fault_sink, void*) {
  if (names(config, "open")) boom("boom in open");
  *out = reinterpret_cast<wb_handler*>(ctx);
  return WB_OK;
}

uint32_t test_connection(wb_handler*, wb_token, int64_t) { boom("boom in test_connection"); }
uint32_t deliver(wb_handler*, const wb_delivery*, wb_token) { boom("boom in deliver"); }
void cancel(wb_handler*, wb_token) { boom("boom in cancel"); }
void drain(wb_handler*, int64_t) { boom("boom in drain"); }
void close(wb_handler*) { boom("boom in close"); }

}  // namespace

extern "C" WB_EXPORT uint32_t waybill_plugin_entry(const wb_host* from, wb_plugin* plugin) {
  fill(from, plugin, "throws");
  plugin->validate = validate;
  plugin->open = open;
  plugin->test_connection = test_connection;
  plugin->deliver = deliver;
  plugin->cancel = cancel;
  plugin->drain = drain;
  plugin->close = close;
  return 0;
}
