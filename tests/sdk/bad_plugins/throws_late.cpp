// SPDX-License-Identifier: Apache-2.0
// Accepts a call and throws when it is cancelled; throws when drained and closed.
#include <stdexcept>

#include "sound.h"

namespace {

uint32_t deliver(wb_handler*, const wb_delivery*, wb_token) { return WB_OK; }
void cancel(wb_handler*, wb_token token) {
  complete(token, WB_ACTION_CANCELED);
  throw std::runtime_error("boom in cancel");
}
void drain(wb_handler*, int64_t) { throw std::runtime_error("boom in drain"); }
void close(wb_handler* handler) {
  host->metric_add(context(handler), text("closed"), 1);
  throw std::runtime_error("boom in close");
}

}  // namespace

extern "C" WB_EXPORT uint32_t waybill_plugin_entry(const wb_host* from, wb_plugin* plugin) {
  fill(from, plugin, "throws_late");
  plugin->deliver = deliver;
  plugin->cancel = cancel;
  plugin->drain = drain;
  plugin->close = close;
  return 0;
}
