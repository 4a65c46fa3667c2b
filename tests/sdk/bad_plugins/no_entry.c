/* SPDX-License-Identifier: Apache-2.0
 * Exports something, but not the entry. */
#include <waybill/plugin.h>

WB_EXPORT uint32_t some_other_entry(const wb_host* host, wb_plugin* plugin);
WB_EXPORT uint32_t some_other_entry(const wb_host* host, wb_plugin* plugin) {
  (void)host;
  (void)plugin;
  return 0;
}
