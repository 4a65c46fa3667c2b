// SPDX-License-Identifier: Apache-2.0
#include "core/store/backup/backup_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "core/store/backup/block_stream.hpp"
#include "core/store/backup/record_parser.hpp"
#include "core/store/backup/records.hpp"

namespace waybill::core {
namespace {

using namespace backup_blocks;
using namespace backup_records;

constexpr const char* unfinished_suffix = ".part";

tl::unexpected<error> unusable(const std::string& what, const std::string& path) {
  return fail(error_code::store_unavailable, what + " " + path + ": " + std::strerror(errno));
}

class file_descriptor {
public:
  explicit file_descriptor(int number) : number_(number) {}
  ~file_descriptor() { close(); }
  file_descriptor(const file_descriptor&) = delete;
  file_descriptor& operator=(const file_descriptor&) = delete;
  [[nodiscard]] int get() const { return number_; }
  [[nodiscard]] int release() { return std::exchange(number_, -1); }
  bool close() { return number_ < 0 || ::close(std::exchange(number_, -1)) == 0; }

private:
  int number_;
};

class file_writer final : public row_sink {
public:
  file_writer(std::string path, int file) : path_(std::move(path)), file_(file) { plain_.reserve(2 * block_bytes); }
  ~file_writer() override {
    if (!finished_) ::unlink(part().c_str());
  }

  result<void> begin(const store_head& head) override {
    std::string first{magic};
    backup_blocks::append_number(first, format);
    if (auto done = put(first); !done) return done;
    append_head(plain_, head);
    return {};
  }
  result<void> begin_table(const table_head& table) override {
    append_table(plain_, table);
    rows_ = 0;
    ++tables_;
    return {};
  }
  result<void> row(const std::vector<cell>& cells) override {
    append_row(plain_, cells);
    ++rows_;
    return plain_.size() < block_bytes ? result<void>{} : flush(block_bytes);
  }
  result<void> end_table() override { return end_of(tag::end_of_table, rows_); }
  result<void> finish() override;

private:
  [[nodiscard]] std::string part() const { return path_ + unfinished_suffix; }

  result<void> end_of(tag what, std::uint64_t count) {
    plain_.push_back(static_cast<char>(what));
    backup_records::append_number(plain_, count);
    return {};
  }
  /// Writes blocks while at least `least` bytes are there.
  result<void> flush(std::size_t least);
  result<void> put(std::string_view bytes);

  const std::string path_;
  file_descriptor file_;
  running_digest digest_;
  std::string plain_;
  std::uint64_t tables_ = 0;
  std::uint64_t rows_ = 0;
  bool finished_ = false;
};

result<void> file_writer::put(std::string_view bytes) {
  digest_.add(bytes);
  while (!bytes.empty()) {
    const auto written = ::write(file_.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return unusable("cannot write", part());
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

result<void> file_writer::flush(std::size_t least) {
  std::size_t at = 0;
  while (plain_.size() - at >= least && at < plain_.size()) {
    const auto block = pack(std::string_view{plain_}.substr(at, block_bytes));
    if (!block) return fail(block.error());
    if (auto done = put(*block); !done) return done;
    at += std::min(block_bytes, plain_.size() - at);
  }
  plain_.erase(0, at);
  return {};
}

result<void> file_writer::finish() {
  (void)end_of(tag::end, tables_);
  if (auto done = flush(1); !done) return done;
  std::string last;
  backup_blocks::append_number(last, 0);
  if (auto done = put(last); !done) return done;
  const auto digest = digest_.finish();
  if (auto done = put({reinterpret_cast<const char*>(digest.data()), digest.size()}); !done) return done;
  if (::fsync(file_.get()) != 0 || !file_.close()) return unusable("cannot write", part());
  if (::rename(part().c_str(), path_.c_str()) != 0) return unusable("cannot make", path_);
  finished_ = true;
  const auto folder = std::filesystem::absolute(path_).parent_path().string();
  const file_descriptor entry{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (entry.get() < 0 || ::fsync(entry.get()) != 0) return unusable("cannot write", folder);
  return {};
}

/// The bytes of an open file from its start.
class file_bytes final : public byte_source {
public:
  file_bytes(int file, std::uint64_t size) : file_(file), left_(size) { ::lseek(file, 0, SEEK_SET); }
  [[nodiscard]] result<std::size_t> read(char* to, std::size_t room) override {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(room, left_));
    if (wanted == 0) return std::size_t{0};
    for (;;) {
      const auto got = ::read(file_, to, wanted);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return fail(error_code::store_unavailable, std::string("cannot read the backup: ") + std::strerror(errno));
      left_ -= static_cast<std::uint64_t>(got);
      return static_cast<std::size_t>(got);
    }
  }

private:
  int file_;
  std::uint64_t left_;
};

class file_reader final : public row_source {
public:
  explicit file_reader(int file) : file_(file) {}

  [[nodiscard]] result<void> verify();
  result<void> pour_into(row_sink& sink) override {
    file_bytes bytes(file_.get(), size_);
    unpacker plain(bytes);
    auto done = record_parser{plain}.parse_into(sink);
    if (!done) return done;
    return sink.finish();
  }

private:
  file_descriptor file_;
  std::uint64_t size_ = 0;  ///< of what the digest is over
};

result<void> file_reader::verify() {
  struct stat about {};
  if (::fstat(file_.get(), &about) != 0 || !S_ISREG(about.st_mode))
    return fail(error_code::validation_error, "the backup is not a file");
  const auto size = static_cast<std::uint64_t>(about.st_size);
  std::string piece(block_bytes, '\0');
  file_bytes bytes(file_.get(), size);
  auto first = bytes.read(piece.data(), magic.size());
  if (!first) return fail(first.error());
  if (std::string_view{piece.data(), *first} != magic)
    return fail(error_code::validation_error, "this is no backup of Waybill");
  if (size < magic.size() + digest_bytes) return fail(error_code::validation_error, "the backup is damaged: it ends too early");
  size_ = size - digest_bytes;
  file_bytes again(file_.get(), size_);
  running_digest digest;
  for (;;) {
    const auto got = again.read(piece.data(), piece.size());
    if (!got) return fail(got.error());
    if (*got == 0) break;
    digest.add({piece.data(), *got});
  }
  sha256_digest kept{};
  if (::pread(file_.get(), kept.data(), kept.size(), static_cast<off_t>(size_)) != static_cast<ssize_t>(kept.size()) ||
      kept != digest.finish())
    return fail(error_code::validation_error, "the backup is damaged: its digest is not that of its bytes");
  return {};
}

}  // namespace

result<std::unique_ptr<row_sink>> make_backup(const std::string& path) {
  const auto part = path + unfinished_suffix;
  file_descriptor file{::open(part.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)};
  if (file.get() < 0) return unusable("cannot make", part);
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0)
    return fail(error_code::conflict, "another backup is being written to " + part);
  // One that was left behind may be long, and readable by others.
  if (::ftruncate(file.get(), 0) != 0 || ::fchmod(file.get(), 0600) != 0) return unusable("cannot prepare", part);
  return std::unique_ptr<row_sink>(std::make_unique<file_writer>(path, file.release()));
}

result<std::unique_ptr<row_source>> open_backup(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return unusable("cannot open", path);
  auto reader = std::make_unique<file_reader>(file);
  if (auto right = reader->verify(); !right) return fail(right.error());
  return std::unique_ptr<row_source>(std::move(reader));
}

}  // namespace waybill::core
