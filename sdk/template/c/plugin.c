/* SPDX-License-Identifier: Apache-2.0
 * The entry, the table and the hooks of the spool plugin. */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <waybill/plugin.h>

#include "config.h"
#include "spool_file.h"

static wb_host host; /* our copy: what lies past the engine's size is NULL */

struct wb_handler {
  config settings;
  wb_handler_ctx* ctx;
  _Atomic wb_token cancelled;
};

static wb_str text(const char* literal) {
  wb_str view;
  view.ptr = literal;
  view.size = strlen(literal);
  return view;
}

static uint32_t validate(wb_str config_text, wb_fault_sink sink, void* sink_ctx) {
  config settings;
  return read_config(config_text, &settings, sink, sink_ctx) == 0 ? WB_OK : WB_REFUSED;
}

static uint32_t open_handler(wb_str config_text, wb_handler_ctx* ctx, wb_handler** out, wb_fault_sink sink, void* sink_ctx) {
  wb_handler* made = calloc(1, sizeof *made);
  if (made == NULL) return WB_FAILED;
  if (read_config(config_text, &made->settings, sink, sink_ctx) != 0) {
    free(made);
    return WB_REFUSED;
  }
  made->ctx = ctx;
  *out = made;
  return WB_OK;
}

static void complete(wb_token token, uint32_t action, uint32_t category, int error, const char* detail) {
  wb_result result;
  memset(&result, 0, sizeof result);
  result.struct_size = sizeof result;
  result.action = action;
  result.category = category;
  result.code = error;
  result.detail = text(detail);
  host.complete(token, &result);
}

/* What an error of the file system means to the engine. A full disk may have room later; a folder that is not there or not
 * ours will not mend itself. */
static void complete_failed(wb_token token, int error) {
  const int is_final = error == ENOENT || error == ENOTDIR || error == EACCES || error == EPERM || error == EROFS ||
                       error == ELOOP || error == ENAMETOOLONG;
  char detail[256] = "the file cannot be written: ";
  const size_t used = strlen(detail);
  if (strerror_r(error, detail + used, sizeof detail - used) != 0) detail[used] = '\0';
  complete(token, is_final ? WB_ACTION_REJECT : WB_ACTION_RETRY, is_final ? WB_CATEGORY_CONFIGURATION : WB_CATEGORY_SYSTEM,
           error, detail);
}

static uint32_t test_connection(wb_handler* handler, wb_token token, int64_t deadline_ms) {
  spool_file probe;
  const int error = spool_open(&probe, handler->settings.folder, "waybill-test", 12, handler->settings.suffix);
  (void)deadline_ms; /* making a file takes no time worth bounding */
  spool_discard(&probe);
  if (error != 0) {
    complete_failed(token, error);
  } else {
    complete(token, WB_ACTION_DELIVERED, 0, 0, "");
  }
  return WB_OK;
}

enum outcome { written = 1, failed, cancelled, too_late, unreadable };

static enum outcome copy(wb_handler* handler, const wb_delivery* delivery, wb_token token, spool_file* file, int* error,
                         uint64_t* total) {
  static _Thread_local uint8_t part[64 * 1024];
  uint64_t size = 0;
  *total = 0;
  do {
    if (atomic_load(&handler->cancelled) == token) return cancelled;
    if (host.monotonic_ms() >= delivery->deadline_ms) return too_late;
    size = sizeof part;
    if (host.read(delivery, *total, part, &size) != WB_OK) return unreadable;
    *error = spool_write(file, part, (size_t)size);
    if (*error != 0) return failed;
    *total += size;
  } while (size > 0);
  *error = spool_commit(file);
  return *error == 0 ? written : failed;
}

static void complete_written(wb_handler* handler, const wb_delivery* delivery, wb_token token, uint64_t total) {
  wb_result result;
  memset(&result, 0, sizeof result);
  result.struct_size = sizeof result;
  result.action = WB_ACTION_DELIVERED;
  result.bytes_sent = total;
  result.external_reference = delivery->idempotency_key;
  if (host.metric_add != NULL) host.metric_add(handler->ctx, text("spooled_bytes"), (double)total);
  host.complete(token, &result);
}

static uint32_t deliver(wb_handler* handler, const wb_delivery* delivery, wb_token token) {
  const wb_str key = delivery->idempotency_key;
  spool_file file;
  uint64_t total = 0;
  enum outcome outcome = failed;
  int error = spool_open(&file, handler->settings.folder, key.ptr, (size_t)key.size, handler->settings.suffix);
  if (error == 0) outcome = copy(handler, delivery, token, &file, &error, &total);
  spool_discard(&file);
  switch (outcome) {
    case written:
      complete_written(handler, delivery, token, total);
      break;
    case cancelled:
      complete(token, WB_ACTION_CANCELED, 0, 0, "cancelled");
      break;
    case too_late:
      complete(token, WB_ACTION_RETRY, WB_CATEGORY_TIMEOUT, 0, "the deadline passed");
      break;
    case unreadable:
      complete(token, WB_ACTION_RETRY, WB_CATEGORY_SYSTEM, 0, "the content cannot be read");
      break;
    case failed:
      complete_failed(token, error);
      break;
  }
  return WB_OK;
}

static void cancel(wb_handler* handler, wb_token token) { atomic_store(&handler->cancelled, token); }
static void close_handler(wb_handler* handler) { free(handler); }

static int adopt(const wb_host* from) {
  if (from->struct_size < offsetof(wb_host, version) || from->abi_major != WB_ABI_MAJOR) return 0;
  memcpy(&host, from, from->struct_size < sizeof host ? from->struct_size : sizeof host);
  return host.complete != NULL && host.read != NULL && host.monotonic_ms != NULL;
}

WB_EXPORT uint32_t waybill_plugin_entry(const wb_host* from, wb_plugin* plugin);
WB_EXPORT uint32_t waybill_plugin_entry(const wb_host* from, wb_plugin* plugin) {
  wb_plugin own;
  const uint32_t room = plugin->struct_size;
  if (!adopt(from)) return 1;
  memset(&own, 0, sizeof own);
  own.struct_size = room < sizeof own ? room : (uint32_t)sizeof own;
  own.abi_major = WB_ABI_MAJOR;
  own.abi_minor = WB_ABI_MINOR;
  own.type = text("spool_c");
  own.title = text("Spool folder");
  own.version = text(PLUGIN_VERSION);
  own.config_schema = text(config_schema);
  own.features = WB_FEATURE_BLOCKING | WB_FEATURE_STREAMING;
  own.validate = validate;
  own.open = open_handler;
  own.test_connection = test_connection;
  own.deliver = deliver;
  own.cancel = cancel;
  own.close = close_handler;
  memcpy(plugin, &own, own.struct_size);
  return 0;
}
