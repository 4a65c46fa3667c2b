/* SPDX-License-Identifier: Apache-2.0 */
#include "spool_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int spool_open(spool_file* file, const char* folder, const char* name, size_t name_size, const char* suffix) {
  const int size = (int)name_size;
  const int path_size = snprintf(file->path, sizeof file->path, "%s/%.*s%s", folder, size, name, suffix);
  const int part_size = snprintf(file->part, sizeof file->part, "%s/.%.*s%s.part", folder, size, name, suffix);
  file->fd = -1;
  if (path_size < 0 || part_size < 0 || (size_t)part_size >= sizeof file->part) return ENAMETOOLONG;
  /* Truncated, not refused, if it is there: the rest of an attempt that was cut off. */
  file->fd = open(file->part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
  return file->fd < 0 ? errno : 0;
}

int spool_write(spool_file* file, const void* bytes, size_t size) {
  const char* at = bytes;
  while (size > 0) {
    const ssize_t n = write(file->fd, at, size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno;
    at += n;
    size -= (size_t)n;
  }
  return 0;
}

int spool_commit(spool_file* file) {
  if (fsync(file->fd) != 0) return errno;
  /* The name is the delivery's own, so a repeated attempt replaces the same file by itself. */
  if (rename(file->part, file->path) != 0) return errno;
  close(file->fd);
  file->fd = -1;
  return 0;
}

void spool_discard(spool_file* file) {
  if (file->fd < 0) return;
  close(file->fd);
  unlink(file->part);
  file->fd = -1;
}
