/* SPDX-License-Identifier: Apache-2.0
 * Needs an engine of a minor version that is not there yet. */
#include "sound.h"

WB_EXPORT uint32_t waybill_plugin_entry(const wb_host* from, wb_plugin* plugin) {
  fill(from, plugin, "newer_minor");
  plugin->min_minor = WB_ABI_MINOR + 1;
  return 0;
}
