/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPOOL_FILE_H
#define SPOOL_FILE_H

#include <stddef.h>

/* A file that comes into being whole or not at all: written under another name, renamed at the end. Every function returns
 * 0 or an errno value, and blocks. */
typedef struct spool_file {
  int fd; /* -1: not open */
  char path[2048];
  char part[2048];
} spool_file;

int spool_open(spool_file* file, const char* folder, const char* name, size_t name_size, const char* suffix);
int spool_write(spool_file* file, const void* bytes, size_t size);
/* The file has its name and its content is on stable storage. */
int spool_commit(spool_file* file);
/* Removes what was not committed. Always the last call. */
void spool_discard(spool_file* file);

#endif
