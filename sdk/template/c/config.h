/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPOOL_CONFIG_H
#define SPOOL_CONFIG_H

#include <stddef.h>
#include <stdint.h>
#include <waybill/plugin.h>

/* A destination's configuration. The engine has held it against the schema and filled in defaults. */
typedef struct config {
  char folder[1024];
  char suffix[64];
} config;

extern const char config_schema[];

/* Reads the configuration and reports every fault through `sink`: what the schema cannot say. Returns the number of faults. */
int read_config(wb_str text, config* out, wb_fault_sink sink, void* sink_ctx);

#endif
