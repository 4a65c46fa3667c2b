/* SPDX-License-Identifier: Apache-2.0
 * Does not come back from its entry. */
#include "sound.h"

#include <unistd.h>

WB_EXPORT uint32_t waybill_plugin_entry(const wb_host* from, wb_plugin* plugin) {
  fill(from, plugin, "hangs_in_entry");
  for (;;) pause();
}
