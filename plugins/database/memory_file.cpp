// SPDX-License-Identifier: Apache-2.0
#include "memory_file.hpp"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace waybill::database {

memory_file::memory_file(std::string_view content) {
  if (content.empty()) return;
  fd_ = memfd_create("pem", MFD_CLOEXEC);
  // libpq refuses a key that others may read.
  bool good = fd_ >= 0 && fchmod(fd_, S_IRUSR | S_IWUSR) == 0;
  while (good && !content.empty()) {
    const auto wrote = write(fd_, content.data(), content.size());
    good = wrote > 0;
    if (good) content.remove_prefix(static_cast<std::size_t>(wrote));
  }
  if (good) path_ = "/proc/self/fd/" + std::to_string(fd_);
}

memory_file::~memory_file() {
  if (fd_ >= 0) close(fd_);
}

}  // namespace waybill::database
