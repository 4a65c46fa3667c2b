/* SPDX-License-Identifier: Apache-2.0
 *
 * waybill/plugin.h: the line between the Waybill engine and a delivery handler.
 *
 * POLICY
 *  1. This header is plain C11 and includes C standard headers only. It is the whole contract: a plugin may be
 *     written in any language and by any compiler that can export a C symbol.
 *  2. "Released" means: part of a version of this header that an engine was published with. Nothing released is ever
 *     changed, moved, reused or removed. Tables and records grow at their end only; a slot that must change gets a new
 *     one with a `_v2` name, and the old one stays.
 *  3. Every table and record starts with `struct_size`, set by whoever fills it. The receiver zero-fills its own copy and
 *     copies min(sizes); a slot counts only if it lies inside the sender's size and is not NULL.
 *  4. `abi_major` must be equal on both sides. A plugin says in `min_minor` which minor version of the host it needs.
 *     Anything else is refused with a message that names both.
 *  5. Integers have a fixed width. Strings and bytes are {ptr, size} views: not NUL-terminated, valid until the call
 *     returns unless the slot says otherwise. Strings are UTF-8.
 *  6. Who allocates frees. No C++ type, exception, FILE*, errno or malloc/free pair crosses the line.
 *  7. Zero means "unset" and is never a success; the entry's return value is the one exception.
 *  8. Each slot states THREAD (from which threads it may be called) and BLOCKS (how long it may take). Host slots are
 *     callable from any thread. Two hooks of one handler never run at once, `cancel` aside.
 *  9. The host owns retry, backoff, breaker, deadline, concurrency, rate, logging and recording. A plugin performs one
 *     delivery and says what happened.
 * 10. Secrets reach a plugin in `open` and nowhere else, and leave it in no record, text or log line.
 * 11. The engine never unloads a plugin while it runs.
 */
#ifndef WAYBILL_PLUGIN_H
#define WAYBILL_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define WB_ABI_MAJOR 1u
#define WB_ABI_MINOR 1u /* 1.1: WB_FEATURE_BATCH, wb_plugin.deliver_batch */

#if defined(_WIN32)
#define WB_EXPORT __declspec(dllexport)
#else
#define WB_EXPORT __attribute__((visibility("default")))
#endif

/* A view of UTF-8 text or of bytes. ptr may be NULL when size is 0. */
typedef struct wb_str {
  const char* ptr;
  uint64_t size; /* bytes */
} wb_str;

/* ---- numbers with names: always carried in a uint32_t --------------------------------------------------------- */

enum { /* return of validate, open, deliver, test_connection, state_get, read, link_create */
       WB_OK = 1,
       WB_REFUSED = 2,   /* not now or not like this; the host treats a refused delivery as `retry`/`system` */
       WB_NOT_FOUND = 3, /* state_get: no such key; link_create: the host has no link service */
       WB_TOO_LARGE = 4, /* state_get: buffer too small, *size says what is needed; state_put: over 64 KiB */
       WB_FAILED = 5     /* an error of the host or plugin, already logged */
};

enum { /* wb_result.action */
       WB_ACTION_DELIVERED = 1,
       WB_ACTION_RETRY = 2,     /* failed, may succeed later */
       WB_ACTION_REJECT = 3,    /* failed for good: becomes a dead letter */
       WB_ACTION_THROTTLED = 4, /* the destination asks to slow down; retry_after_ms says for how long, if it did */
       WB_ACTION_CANCELED = 5   /* answer to `cancel` */
};

enum { /* wb_result.category: why it failed; unset when delivered */
       WB_CATEGORY_CONFIGURATION = 1,
       WB_CATEGORY_NETWORK = 2,
       WB_CATEGORY_AUTHENTICATION = 3,
       WB_CATEGORY_RATE_LIMIT = 4,
       WB_CATEGORY_VALIDATION = 5,
       WB_CATEGORY_REMOTE = 6,
       WB_CATEGORY_TIMEOUT = 7,
       WB_CATEGORY_SYSTEM = 8
};

enum { /* wb_host.log */
       WB_LOG_DEBUG = 1,
       WB_LOG_INFO = 2,
       WB_LOG_WARNING = 3,
       WB_LOG_ERROR = 4
};

enum { /* wb_host.connect_allowed */
       WB_ALLOWED = 1,
       WB_DENIED = 2
};

/* wb_plugin.features, a bit each */
#define WB_FEATURE_BLOCKING (UINT64_C(1) << 0) /* deliver and test_connection block; the host runs them on a bounded pool */
#define WB_FEATURE_SIGNING_SECRETS (UINT64_C(1) << 1) /* the host keeps, generates and rotates signing secrets: see open */
#define WB_FEATURE_STREAMING (UINT64_C(1) << 2)       /* can take a delivery whose data is NULL, through read */
#define WB_FEATURE_BATCH (UINT64_C(1) << 3)           /* since 1.1: can take several deliveries in one call, by deliver_batch */

/* ---- records ---------------------------------------------------------------------------------------------------- */

/* One task, one attempt. All views, and the record itself, stay valid until deliver returns; after retain() until the
 * matching release(). */
typedef struct wb_delivery {
  uint32_t struct_size;
  uint32_t attempt; /* 1 for the first */
  wb_str task_id;
  wb_str delivery_id;
  wb_str organization_id;
  wb_str destination_id;
  wb_str idempotency_key; /* the same for every attempt of a task */
  wb_str correlation_id;
  wb_str traceparent;  /* W3C Trace Context; may be empty */
  wb_str payload_type; /* report | export | data | custom */
  wb_str content_type; /* RFC 9110 media type */
  wb_str filename;
  wb_str metadata;       /* a JSON object */
  uint64_t size;         /* bytes of content */
  uint8_t sha256[32];    /* of the content */
  int64_t created_at_ms; /* Unix time of acceptance */
  int64_t deadline_ms;   /* on the clock of wb_host.monotonic_ms */
  const uint8_t* data;   /* the content, or NULL: then through wb_host.read */
} wb_delivery;

/* What happened. Texts never hold a secret. The host copies everything before complete returns. */
typedef struct wb_result {
  uint32_t struct_size;
  uint32_t action;
  uint32_t category;
  int32_t code;                 /* HTTP status, SMTP code, ...; 0 if there was none */
  uint64_t retry_after_ms;      /* what the destination asked for; 0 if it did not */
  uint64_t bytes_sent;          /* content bytes that left */
  uint32_t disable_destination; /* 1: the destination said it is gone for good (HTTP 410) */
  uint32_t reserved;
  wb_str external_reference; /* the destination's own id of what it received */
  wb_str detail;             /* for the operator */
  wb_str message;            /* for the customer */
  wb_str request;            /* JSON object, redacted, at most 64 KiB: what was sent */
  wb_str response;           /* JSON object, redacted, at most 64 KiB: what came back */
} wb_result;

/* ---- the host --------------------------------------------------------------------------------------------------- */

typedef struct wb_handler_ctx wb_handler_ctx; /* the host's side of one handler; lives until close returned */
typedef struct wb_handler wb_handler;         /* the plugin's side */
typedef uint64_t wb_token;                    /* one deliver or test_connection call; never 0 */

/* Reports one fault of a configuration. pointer: RFC 6901, into the configuration. */
typedef void (*wb_fault_sink)(void* sink_ctx, wb_str pointer, wb_str rule, wb_str message);

typedef struct wb_host {
  uint32_t struct_size;
  uint32_t abi_major;
  uint32_t abi_minor;
  uint32_t reserved;
  wb_str version; /* of the engine */

  /* Ends a call that deliver or test_connection accepted. Exactly once per token; late, double and unknown completions
   * are counted and dropped. THREAD: any, also from inside deliver. BLOCKS: never. */
  void (*complete)(wb_token token, const wb_result* result);
  /* Copies content from `offset` into buffer; *size holds its capacity and afterwards what was read, 0 at the end.
   * THREAD: any. BLOCKS: for one read of the store. */
  uint32_t (*read)(const wb_delivery* delivery, uint64_t offset, uint8_t* buffer, uint64_t* size);
  /* Keep a delivery, its views and data valid beyond deliver. Counted. THREAD: any. BLOCKS: never. */
  void (*retain)(const wb_delivery* delivery);
  void (*release)(const wb_delivery* delivery);
  /* THREAD: any. BLOCKS: never. */
  void (*log)(wb_handler_ctx* ctx, uint32_t level, wb_str text);
  int64_t (*now_ms)(void);                                                /* Unix time, ms */
  int64_t (*monotonic_ms)(void);                                          /* never goes back; the clock of deadline_ms */
  void (*metric_add)(wb_handler_ctx* ctx, wb_str name, double value);     /* counter waybill_handler_<name>{type=} */
  void (*metric_observe)(wb_handler_ctx* ctx, wb_str name, double value); /* histogram, seconds or bytes */
  /* A small durable key-value store per destination: OAuth tokens, resume offsets. Keys up to 128 bytes, values up to
   * 64 KiB, encrypted at rest. *size as in read. THREAD: any but the plugin's reactor for put, which BLOCKS for one
   * commit. */
  uint32_t (*state_get)(wb_handler_ctx* ctx, wb_str key, uint8_t* buffer, uint64_t* size);
  uint32_t (*state_put)(wb_handler_ctx* ctx, wb_str key, const uint8_t* value, uint64_t size);
  /* Makes a signed download link to the content of a delivery; options is a JSON object: expiryHours, maxAccess,
   * allowedIpRanges, passwordMode (none | shared | oneTime), password, baseUrl, all optional. The same delivery and options
   * get the same link again, as long as it can be used. WB_REFUSED: no link can have these options. A link is a secret: it
   * belongs into external_reference and into what is sent, and into no record, text or log line. With delivery NULL nothing
   * is made: it tells whether it could be, and sets *size to 0. THREAD: any. BLOCKS: for one commit. */
  uint32_t (*link_create)(wb_handler_ctx* ctx, const wb_delivery* delivery, wb_str options, char* buffer, uint64_t* size);
  /* The network guard: asked with the resolved address of every connection, right before it is made; address_size is 4
   * or 16, network byte order. THREAD: any. BLOCKS: never. */
  uint32_t (*connect_allowed)(wb_handler_ctx* ctx, const uint8_t* address, uint32_t address_size, uint32_t port);
  /* Cryptographically strong bytes. THREAD: any. BLOCKS: never. */
  void (*random)(uint8_t* buffer, uint64_t size);
} wb_host;

/* ---- the plugin ------------------------------------------------------------------------------------------------- */

typedef struct wb_plugin {
  uint32_t struct_size;
  uint32_t abi_major;
  uint32_t abi_minor;
  uint32_t min_minor;
  wb_str type; /* [a-z][a-z0-9_]{1,31} */
  wb_str title;
  wb_str version; /* of the plugin */
  /* JSON Schema draft 7 of the configuration: an object with title, description, default, examples; x-secret: true on
   * what is encrypted and redacted; x-order for forms. */
  wb_str config_schema;
  uint64_t features;

  /* What the schema cannot say. Pure, no I/O. Reports every fault, not the first. WB_OK if there was none.
   * May be NULL. THREAD: any. BLOCKS: never. */
  uint32_t (*validate)(wb_str config, wb_fault_sink sink, void* sink_ctx);
  /* Makes a handler for one destination. config is valid JSON with secrets in clear. With WB_FEATURE_SIGNING_SECRETS it
   * carries one more member, "signingSecrets": [{"id", "algorithm", "secret"}], newest first, all live; after a rotation
   * the host opens a new handler. No network. Reports why not through sink. THREAD: any. BLOCKS: never. */
  uint32_t (*open)(wb_str config, wb_handler_ctx* ctx, wb_handler** out, wb_fault_sink sink, void* sink_ctx);
  /* Connects, authenticates, proves the right to write where that leaves no trace. WB_OK obliges one complete.
   * THREAD: one at a time per handler. BLOCKS: never, or until deadline_ms with WB_FEATURE_BLOCKING. */
  uint32_t (*test_connection)(wb_handler* handler, wb_token token, int64_t deadline_ms);
  /* Performs one delivery. WB_OK obliges exactly one complete. THREAD and BLOCKS as test_connection. */
  uint32_t (*deliver)(wb_handler* handler, const wb_delivery* delivery, wb_token token);
  /* Advisory: the outcome of token no longer matters; it may have been completed already, and must be if it was not. May be
   * NULL. THREAD: any, also while another hook runs. BLOCKS: never. */
  void (*cancel)(wb_handler* handler, wb_token token);
  /* No more deliveries will come; finish what is under way by the deadline. May be NULL. THREAD: one at a time per
   * handler. BLOCKS: until deadline_ms. */
  void (*drain)(wb_handler* handler, int64_t deadline_ms);
  /* Frees the handler. Never called while a hook is on the stack or a token is outstanding. THREAD: any. BLOCKS: never. */
  void (*close)(wb_handler* handler);

  /* ---- since 1.1 ---- */

  /* Performs several deliveries in one call; with WB_FEATURE_BATCH, and then never NULL. deliveries[i] belongs to tokens[i];
   * the two arrays last until this returns, each record as for deliver. 1 <= count <= 1000. Each has its own
   * deadline_ms: what is sent as one thing may go on until the last of them, and the host ends the others itself. The order
   * is the order of the queue: whatever is sent as one thing keeps it. WB_OK obliges exactly one complete per token, each
   * with the outcome of its own delivery, in any order and at any time up to its deadline; anything else refuses all of those
   * that were not completed. cancel concerns one token at a time: the others still matter. A host calls this instead of deliver
   * where its operator asked for batches, also when only one delivery is due. THREAD and BLOCKS as test_connection. */
  uint32_t (*deliver_batch)(wb_handler* handler, const wb_delivery* const* deliveries, const wb_token* tokens, uint64_t count);
} wb_plugin;

/* The one exported symbol, named WB_ENTRY_SYMBOL. Fills *plugin (whose struct_size the host has set to the room there
 * is) and returns 0; any other number refuses to load. `host` stays valid for the life of the process. */
#define WB_ENTRY_SYMBOL "waybill_plugin_entry"
typedef uint32_t (*wb_plugin_entry_fn)(const wb_host* host, wb_plugin* plugin);

#ifdef __cplusplus
}
#endif

#endif /* WAYBILL_PLUGIN_H */
