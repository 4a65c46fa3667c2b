/* SPDX-License-Identifier: Apache-2.0
 * Speaks another major version. */
#include "sound.h"

WB_EXPORT uint32_t waybill_plugin_entry(const wb_host* from, wb_plugin* plugin) {
  fill(from, plugin, "wrong_major");
  plugin->abi_major = WB_ABI_MAJOR + 1;
  return 0;
}
