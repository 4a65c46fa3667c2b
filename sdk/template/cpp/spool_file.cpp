// SPDX-License-Identifier: Apache-2.0
#include "spool_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <utility>

namespace {

/// A rename is on the disk when its folder is.
int sync_folder(const std::string& folder) {
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return errno;
  const int error = ::fsync(fd) == 0 ? 0 : errno;
  ::close(fd);
  return error;
}

}  // namespace

spool_file::spool_file(const std::string& folder, const std::string& name)
    : folder_(folder), path_(folder + "/" + name), part_(folder + "/." + name + ".part") {}

spool_file::~spool_file() {
  if (file_ < 0) return;
  ::close(file_);
  ::unlink(part_.c_str());
}

int spool_file::open() {
  // Truncated, not refused, if it is there: the rest of an attempt that was cut off.
  file_ = ::open(part_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
  return file_ < 0 ? errno : 0;
}

int spool_file::write(const void* bytes, std::size_t size) {
  const auto* at = static_cast<const char*>(bytes);
  while (size > 0) {
    const auto n = ::write(file_, at, size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno;
    at += n;
    size -= static_cast<std::size_t>(n);
  }
  return 0;
}

int spool_file::commit(bool sync) {
  if (sync && ::fsync(file_) != 0) return errno;
  // The name is the delivery's own, so a repeated attempt replaces the same file by itself.
  if (std::rename(part_.c_str(), path_.c_str()) != 0) return errno;
  ::close(std::exchange(file_, -1));
  return sync ? sync_folder(folder_) : 0;
}
