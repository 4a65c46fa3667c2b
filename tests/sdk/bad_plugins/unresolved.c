/* SPDX-License-Identifier: Apache-2.0
 * Uses a function that is nowhere. */
#include "sound.h"

extern void waybill_tests_function_that_is_nowhere(void);

WB_EXPORT uint32_t waybill_plugin_entry(const wb_host* from, wb_plugin* plugin) {
  fill(from, plugin, "unresolved");
  waybill_tests_function_that_is_nowhere();
  return 0;
}
