// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "core/security/digest.hpp"
#include "core/security/secret_box.hpp"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <sys/stat.h>
#include <unistd.h>

namespace waybill::core {
namespace {

constexpr std::size_t longest_file = 1'024;

class file_descriptor {
public:
  explicit file_descriptor(int fd) : fd_(fd) {}
  ~file_descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  file_descriptor(const file_descriptor&) = delete;
  file_descriptor& operator=(const file_descriptor&) = delete;
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool is_open() const { return fd_ >= 0; }

private:
  int fd_;
};

/// A text that holds a key: wiped when it goes.
class wiped_text {
public:
  explicit wiped_text(std::string text) : text_(std::move(text)) {}
  ~wiped_text() { OPENSSL_cleanse(text_.data(), text_.size()); }
  wiped_text(const wiped_text&) = delete;
  wiped_text& operator=(const wiped_text&) = delete;
  [[nodiscard]] std::string& get() { return text_; }

private:
  std::string text_;
};

auto refused(const std::string& path, const std::string& why) {
  return fail(error_code::validation_error, "The master key file " + path + " " + why);
}
auto refused(const std::string& path, const char* what, int cause) {
  return refused(path, std::string{what} + ": " + std::strerror(cause) + ".");
}

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

std::string folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

result<void> check_file(int fd, const std::string& path) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) return refused(path, "cannot be examined", errno);
  if (!S_ISREG(status.st_mode)) return refused(path, "is not a regular file.");
  if (status.st_uid != ::geteuid() && status.st_uid != 0) return refused(path, "belongs to another user.");
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    return refused(path, "can be read or written by others than its owner. Set its mode to 0600.");
  if (status.st_size > static_cast<off_t>(longest_file)) return refused(path, "is too long to hold a key.");
  return {};
}

result<master_key> read_key(int fd, const std::string& path) {
  if (auto fit = check_file(fd, path); !fit) return fail(std::move(fit.error()));
  wiped_text text{std::string(longest_file, '\0')};
  ssize_t size = 0;
  do size = ::read(fd, text.get().data(), longest_file);
  while (size < 0 && errno == EINTR);
  if (size < 0) return refused(path, "cannot be read", errno);
  auto key = parse_master_key(std::string_view{text.get()}.substr(0, static_cast<std::size_t>(size)));
  if (!key) return refused(path, "does not hold a key: " + key.error().message);
  return key;
}

// The name appears with the whole key behind it or not at all, and never over another node's key: written under a name of its
// own, synchronised, then linked. Losing that race to another process is no error: its key is read then.
result<void> make_file(const std::string& path) {
  const auto salt = random_bytes(8);
  const auto temporary = path + "." + to_hex(reinterpret_cast<const std::uint8_t*>(salt.data()), salt.size()) + ".tmp";
  wiped_text bytes{random_bytes(sizeof(master_key))};
  wiped_text line{to_base64(bytes.get()) + "\n"};
  int cause = 0;
  {
    const file_descriptor file{::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)};
    if (!file.is_open()) return refused(path, "cannot be made", errno);
    if (!write_all(file.get(), line.get()) || ::fsync(file.get()) != 0) cause = errno;
  }
  if (cause == 0 && ::link(temporary.c_str(), path.c_str()) != 0 && errno != EEXIST) cause = errno;
  ::unlink(temporary.c_str());
  if (cause != 0) return refused(path, "cannot be made", cause);
  const file_descriptor folder{::open(folder_of(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!folder.is_open() || ::fsync(folder.get()) != 0) return refused(path, "cannot be made durable", errno);
  return {};
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool decode_hex(std::string_view text, master_key& key) {
  for (std::size_t i = 0; i < key.size(); ++i) {
    const int high = hex_value(text[2 * i]);
    const int low = hex_value(text[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    key[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return true;
}

bool decode_base64(std::string_view text, master_key& key) {
  auto bytes = from_base64(text);
  if (!bytes) return false;
  wiped_text clear{std::move(*bytes)};
  if (clear.get().size() != key.size()) return false;
  std::copy(clear.get().begin(), clear.get().end(), key.begin());
  return true;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blank = " \t\r\n";
  const auto first = text.find_first_not_of(blank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blank) - first + 1);
}

}  // namespace

result<master_key> parse_master_key(std::string_view text) {
  text = trimmed(text);
  master_key key{};
  const bool decoded = text.size() == 2 * key.size() ? decode_hex(text, key) : decode_base64(text, key);
  if (decoded) return key;
  return fail(error_code::validation_error, "It must be 32 bytes, as 64 hexadecimal digits or as base64 with padding.");
}

result<master_key> load_or_make_master_key(const std::string& path) {
  // The second round is for the file just made, here or by another process at the same moment.
  for (int round = 0; round < 2; ++round) {
    const file_descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
    if (file.is_open()) return read_key(file.get(), path);
    if (errno != ENOENT) return refused(path, "cannot be opened", errno);
    if (auto made = make_file(path); !made) return fail(std::move(made.error()));
  }
  return refused(path, "vanished while it was read.");
}

}  // namespace waybill::core
