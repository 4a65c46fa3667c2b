// SPDX-License-Identifier: Apache-2.0
#include "local_folder.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace waybill::storage {
namespace {

constexpr std::size_t longest_name = 255;  // NAME_MAX of every common file system
constexpr std::size_t most_opening_bytes = 65'536;
constexpr int folder_flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

[[nodiscard]] std::optional<std::vector<std::string>> read_opening_file(int root) {
  const file_handle file{openat(root, std::string{opening_file}.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)};
  if (!file) return std::nullopt;
  std::string text(most_opening_bytes, '\0');
  std::size_t size = 0;
  for (;;) {
    const auto got = ::read(file.get(), text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::nullopt;
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  text.resize(size);
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const auto end = std::min(text.find('\n', begin), text.size());
    auto line = text.substr(begin, end - begin);
    line.erase(0, std::min(line.find_first_not_of(" \t\r"), line.size()));
    line.erase(line.find_last_not_of(" \t\r") + 1);
    if (!line.empty() && line.front() != '#') lines.push_back(std::move(line));
    begin = end + 1;
  }
  return lines;
}

}  // namespace

file_handle::~file_handle() { static_cast<void>(close()); }

bool file_handle::close() noexcept { return fd_ < 0 || ::close(std::exchange(fd_, -1)) == 0; }

std::optional<std::vector<std::string>> segments_of(std::string_view key, std::string& why) {
  std::vector<std::string> out;
  while (!key.empty()) {
    const auto segment = key.substr(0, key.find('/'));
    key.remove_prefix(std::min(segment.size() + 1, key.size()));
    if (segment.empty()) continue;
    if (segment == "." || segment == ".." || segment.find('\0') != std::string_view::npos) {
      why = "the path holds a segment that leads elsewhere";
      return std::nullopt;
    }
    if (segment.size() > longest_name) {
      why = "the path holds a name of more than 255 bytes";
      return std::nullopt;
    }
    // At any depth: a folder below may be opened to somebody else.
    if (segment == own_folder || segment == opening_file) {
      why = "the path holds a name that Waybill keeps for itself";
      return std::nullopt;
    }
    out.emplace_back(segment);
  }
  if (!out.empty()) return out;
  why = "the path is empty";
  return std::nullopt;
}

std::optional<local_folder> local_folder::open(const std::string& root, file_fault& fault) {
  file_handle folder{::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!folder) {
    fault = {errno, root};
    return std::nullopt;
  }
  auto admitted = read_opening_file(folder.get());
  if (!admitted) {
    fault = {errno, root + "/" + std::string{opening_file}};
    return std::nullopt;
  }
  return local_folder{std::move(folder), std::move(*admitted)};
}

bool local_folder::admits(std::string_view organization_id) const {
  return admitted_.empty() || std::find(admitted_.begin(), admitted_.end(), organization_id) != admitted_.end();
}

file_handle local_folder::make_folder(const std::vector<std::string>& segments, std::size_t count, mode_t mode,
                                      file_fault& fault) const {
  file_handle at{openat(root_.get(), ".", folder_flags)};
  for (std::size_t i = 0; at && i < count; ++i) {
    const char* const name = segments[i].c_str();
    file_handle next{openat(at.get(), name, folder_flags)};
    if (!next && errno == ENOENT) {
      // Another thread may have made it meanwhile. Its name is durable once its folder is.
      const bool made = mkdirat(at.get(), name, mode) == 0;
      if ((made || errno == EEXIST) && fsync(at.get()) == 0) next = file_handle{openat(at.get(), name, folder_flags)};
    }
    if (!next) {
      fault = {errno, segments[i]};
      return file_handle{};
    }
    at = std::move(next);
  }
  if (!at) fault = {errno, "."};
  return at;
}

file_handle local_folder::find_folder(const std::vector<std::string>& segments, std::size_t count, file_fault& fault) const {
  file_handle at{openat(root_.get(), ".", folder_flags)};
  for (std::size_t i = 0; at && i < count; ++i) at = file_handle{openat(at.get(), segments[i].c_str(), folder_flags)};
  if (!at) fault = {errno, count == 0 ? "." : segments[count - 1]};
  return at;
}

std::vector<std::string> names_in(int folder) {
  std::vector<std::string> out;
  // fdopendir takes the descriptor over.
  const int own = openat(folder, ".", folder_flags);
  DIR* const listing = own < 0 ? nullptr : fdopendir(own);
  if (listing == nullptr) {
    if (own >= 0) ::close(own);
    return out;
  }
  while (const dirent* entry = readdir(listing)) {
    const std::string_view name{entry->d_name};
    if (name != "." && name != "..") out.emplace_back(name);
  }
  closedir(listing);
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace waybill::storage
