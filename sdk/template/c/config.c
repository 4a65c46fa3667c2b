/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <string.h>

const char config_schema[] =
    "{\"type\":\"object\",\"title\":\"Spool folder\","
    "\"description\":\"Writes every delivery into a folder of the machine the engine runs on, a file each.\","
    "\"required\":[\"folder\"],\"additionalProperties\":false,\"properties\":{"
    "\"folder\":{\"type\":\"string\",\"title\":\"Folder\",\"minLength\":1,\"x-order\":1,"
    "\"description\":\"Absolute path of an existing folder that the engine may write to.\"},"
    "\"suffix\":{\"type\":\"string\",\"title\":\"Suffix\",\"default\":\".json\",\"x-order\":2,"
    "\"description\":\"What the name of every file ends in.\"}}}";

static wb_str text_of(const char* literal) {
  wb_str view;
  view.ptr = literal;
  view.size = strlen(literal);
  return view;
}

/* A cursor over the configuration. It is valid JSON and, by the schema, one flat object of texts: that is all this reads. */
typedef struct cursor {
  const char* at;
  const char* end;
} cursor;

static int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

static unsigned read_hex4(cursor* c) {
  unsigned value = 0;
  int i;
  for (i = 0; i < 4 && c->at < c->end; ++i, ++c->at) value = value * 16 + (unsigned)(hex_value(*c->at) & 15);
  return value;
}

/* Writes a code point as UTF-8; returns how many bytes. */
static size_t put_utf8(unsigned code, char* out) {
  if (code < 0x80) return out[0] = (char)code, 1;
  if (code < 0x800) return out[0] = (char)(0xC0 | code >> 6), out[1] = (char)(0x80 | (code & 63)), 2;
  if (code < 0x10000) {
    out[0] = (char)(0xE0 | code >> 12);
    out[1] = (char)(0x80 | (code >> 6 & 63));
    out[2] = (char)(0x80 | (code & 63));
    return 3;
  }
  out[0] = (char)(0xF0 | code >> 18);
  out[1] = (char)(0x80 | (code >> 12 & 63));
  out[2] = (char)(0x80 | (code >> 6 & 63));
  out[3] = (char)(0x80 | (code & 63));
  return 4;
}

/* One escape, behind its backslash (RFC 8259 section 7). */
static size_t read_escape(cursor* c, char* out) {
  static const char from[] = "bfnrt";
  static const char to[] = "\b\f\n\r\t";
  const char kind = *c->at++;
  const char* known = memchr(from, kind, sizeof from - 1);
  unsigned code;
  if (known != NULL) return out[0] = to[known - from], 1;
  if (kind != 'u') return out[0] = kind, 1;
  code = read_hex4(c);
  if (code >= 0xD800 && code < 0xDC00 && c->end - c->at >= 6 && c->at[0] == '\\' && c->at[1] == 'u') {
    c->at += 2;
    code = 0x10000 + ((code - 0xD800) << 10) + (read_hex4(c) - 0xDC00);
  }
  return put_utf8(code, out);
}

/* Reads a text whose opening quote is next. Returns its length, or -1 if it does not fit or holds a NUL. */
static int read_text(cursor* c, char* out, size_t room) {
  size_t size = 0;
  int is_good = 1;
  ++c->at;
  while (c->at < c->end && *c->at != '"') {
    char bytes[4];
    size_t n = 1;
    if (*c->at == '\\' && c->end - c->at > 1) {
      ++c->at;
      n = read_escape(c, bytes);
    } else {
      bytes[0] = *c->at++;
    }
    if (memchr(bytes, '\0', n) != NULL || size + n >= room) is_good = 0;
    if (is_good) memcpy(out + size, bytes, n);
    size += n;
  }
  ++c->at;
  if (is_good) out[size] = '\0';
  return is_good ? (int)size : -1;
}

static int to_next_text(cursor* c) {
  while (c->at < c->end && *c->at != '"') ++c->at;
  return c->at < c->end;
}

static int fault(wb_fault_sink sink, void* sink_ctx, const char* pointer, const char* rule, const char* message) {
  sink(sink_ctx, text_of(pointer), text_of(rule), text_of(message));
  return 1;
}

static int climbs(const char* folder) {
  const char* at = folder;
  while ((at = strstr(at, "..")) != NULL) {
    if ((at == folder || at[-1] == '/') && (at[2] == '\0' || at[2] == '/')) return 1;
    at += 2;
  }
  return 0;
}

int read_config(wb_str text, config* out, wb_fault_sink sink, void* sink_ctx) {
  cursor c;
  char name[32];
  int faults = 0;
  c.at = text.ptr;
  c.end = text.ptr + text.size;
  memset(out, 0, sizeof *out);
  strcpy(out->suffix, ".json");
  while (to_next_text(&c)) {
    const int known = read_text(&c, name, sizeof name) >= 0;
    char other[1];
    if (!to_next_text(&c)) break;
    if (known && strcmp(name, "folder") == 0) {
      if (read_text(&c, out->folder, sizeof out->folder) < 0)
        faults += fault(sink, sink_ctx, "/folder", "max_length",
                        "The folder's path must be shorter than 1024 bytes and hold no NUL.");
    } else if (known && strcmp(name, "suffix") == 0) {
      if (read_text(&c, out->suffix, sizeof out->suffix) < 0)
        faults += fault(sink, sink_ctx, "/suffix", "max_length", "The suffix must be shorter than 64 bytes and hold no NUL.");
    } else {
      (void)read_text(&c, other, sizeof other);
    }
  }
  if (faults == 0 && out->folder[0] != '/')
    faults += fault(sink, sink_ctx, "/folder", "absolute", "The folder must be an absolute path, such as /var/spool/reports.");
  if (climbs(out->folder)) faults += fault(sink, sink_ctx, "/folder", "no_parent", "The folder must not contain \"..\".");
  if (strchr(out->suffix, '/') != NULL)
    faults +=
        fault(sink, sink_ctx, "/suffix", "file_name", "The suffix is part of a file's name: it must not contain a slash.");
  return faults;
}
