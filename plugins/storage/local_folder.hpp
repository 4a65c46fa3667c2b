// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace waybill::storage {

/// A file descriptor, closed at its end.
class file_handle {
public:
  explicit file_handle(int fd = -1) noexcept : fd_(fd) {}
  ~file_handle();
  file_handle(file_handle&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  file_handle& operator=(file_handle&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  [[nodiscard]] int get() const noexcept { return fd_; }
  explicit operator bool() const noexcept { return fd_ >= 0; }
  /// Closes now; false if the system reports what it could not write.
  [[nodiscard]] bool close() noexcept;

private:
  int fd_;
};

/// What went wrong with a file: errno, and at what.
struct file_fault {
  int code = 0;
  std::string what;
};

/// The file that opens a folder to Waybill. Only who may write there by other means can lay it, so no configuration reaches a
/// folder that its owner has not opened; and a folder whose disk is not mounted is not written to. If it has lines, they are
/// the ids of the organizations that may write there.
inline constexpr std::string_view opening_file = ".waybill-storage";
/// Waybill's own folder inside: files being written, and what was written by whom.
inline constexpr std::string_view own_folder = ".waybill";

/// Segments of a key; nothing if it could lead out of a folder or into Waybill's own, or one is too long for a name.
[[nodiscard]] std::optional<std::vector<std::string>> segments_of(std::string_view key, std::string& why);

/// An opened folder and what is done below it. Every step goes one segment down from a descriptor and follows no symbolic
/// link, so nothing outside is reached whatever lies inside. Everything blocks.
class local_folder {
public:
  /// Fails with ENOENT at `opening_file` if the folder is not opened.
  [[nodiscard]] static std::optional<local_folder> open(const std::string& root, file_fault& fault);

  /// May this organization write here?
  [[nodiscard]] bool admits(std::string_view organization_id) const;
  /// The folder `segments[0] … [count - 1]`, made if need be and durably; not valid with a fault.
  [[nodiscard]] file_handle make_folder(const std::vector<std::string>& segments, std::size_t count, mode_t mode,
                                        file_fault& fault) const;
  /// The same without making anything.
  [[nodiscard]] file_handle find_folder(const std::vector<std::string>& segments, std::size_t count, file_fault& fault) const;
  [[nodiscard]] int root() const { return root_.get(); }

private:
  local_folder(file_handle root, std::vector<std::string> admitted) : root_(std::move(root)), admitted_(std::move(admitted)) {}
  file_handle root_;
  std::vector<std::string> admitted_;  ///< empty: all
};

/// Names in a folder, without . and .., in order.
[[nodiscard]] std::vector<std::string> names_in(int folder);

}  // namespace waybill::storage
