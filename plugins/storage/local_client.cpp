// SPDX-License-Identifier: Apache-2.0
#include "local_client.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include "disk_pool.hpp"
#include "local_folder.hpp"
#include "local_ledger.hpp"

namespace waybill::storage {
namespace {

using sdk::category;

constexpr std::size_t piece_bytes = std::size_t{256} * 1'024;
constexpr mode_t own_folder_mode = 0700;

[[nodiscard]] sdk::result failed(const file_fault& fault) {
  auto why = category::system;
  const char* message = "The file could not be written.";
  switch (fault.code) {
    case ENOENT:
    case ENOTDIR:
    case ELOOP:
    case EACCES:
    case EPERM:
    case EROFS:
    case EXDEV:
    case EISDIR:
      why = category::configuration;
      message = "The folder is not there, or may not be written to.";
      break;
    case ENOSPC:
    case EDQUOT:
      message = "There is no room left.";
      break;
    case ENAMETOOLONG:
      why = category::validation;
      message = "The path is too long.";
      break;
    default:
      break;
  }
  auto detail = fault.what + ": " + std::system_category().message(fault.code);
  if (fault.code == ENOENT && fault.what.size() > opening_file.size() &&
      fault.what.compare(fault.what.size() - opening_file.size(), opening_file.size(), opening_file) == 0)
    detail += "; a folder is opened to Waybill by a file of this name in it";
  if (fault.code == ELOOP || fault.code == ENOTDIR) detail += "; symbolic links are not followed";
  auto r = sdk::result::retry(why, std::move(detail));
  r.message = message;
  return r;
}

[[nodiscard]] sdk::result rejected(std::string why) {
  auto r = sdk::result::reject(category::validation, std::move(why));
  r.message = "The path of the file is not possible.";
  return r;
}

[[nodiscard]] std::string random_name() {
  std::array<std::uint8_t, 16> bytes{};
  static_cast<void>(sdk::random_bytes(bytes.data(), bytes.size()));
  return transfer::to_hex({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

/// A file on its way: deleted at its end unless it got its name.
class new_file {
public:
  new_file(int folder, std::string name) : folder_(folder), name_(std::move(name)) {
    file_ = file_handle{openat(folder_, name_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600)};
    made_ = static_cast<bool>(file_);
  }
  ~new_file() {
    if (made_) unlinkat(folder_, name_.c_str(), 0);
  }
  new_file(const new_file&) = delete;
  new_file& operator=(const new_file&) = delete;

  [[nodiscard]] int get() const { return file_.get(); }
  [[nodiscard]] bool made() const { return made_; }
  [[nodiscard]] bool write(const char* bytes, std::size_t size) {
    while (size > 0) {
      const auto done = ::write(file_.get(), bytes, size);
      if (done < 0 && errno == EINTR) continue;
      if (done <= 0) return false;
      bytes += done;
      size -= static_cast<std::size_t>(done);
    }
    return true;
  }
  /// Gives it its name, and makes that durable.
  [[nodiscard]] bool become(int folder, const std::string& name) {
    if (renameat(folder_, name_.c_str(), folder, name.c_str()) != 0) return false;
    made_ = false;
    return fsync(folder) == 0;
  }

private:
  int folder_;
  std::string name_;
  file_handle file_;
  bool made_ = false;
};

/// Power may fail at any moment: the file has its name only when all of it is on the disk (write, fsync, rename, fsync of the
/// folder), so a reader sees all or nothing, and what was reported stays.
class local_client final : public store_client {
public:
  local_client(local_settings settings, client_environment with)
      : shared_(std::make_shared<const shared>(shared{std::move(settings), std::move(with)})) {}

  void put(call_ptr by, new_object what, done then) override {
    disk_pool::instance().run([of = shared_, by = std::move(by), what = std::move(what), then = std::move(then)] {
      guarded(then, [&] { return put_now(*of, *by, what); });
    });
  }
  void list(call_ptr by, std::string, std::string from, std::int64_t before_ms, listed then) override {
    disk_pool::instance().run([of = shared_, by = std::move(by), from = std::move(from), before_ms, then = std::move(then)] {
      if (by->canceled()) return then(sdk::result::canceled(), {});
      file_fault fault;
      const auto folder = local_folder::open(of->settings.root, fault);
      if (!folder) return then(failed(fault), {});
      then(sdk::result::delivered(), local_ledger{*folder}.page(from, before_ms));
    });
  }
  // The ledger has said it.
  void find_owner(call_ptr, stored_object what, owned then) override {
    what.owner = what.owner.value_or("");
    then(sdk::result::delivered(), std::move(what));
  }
  void remove(call_ptr by, stored_object what, done then) override {
    disk_pool::instance().run([of = shared_, by = std::move(by), what = std::move(what), then = std::move(then)] {
      guarded(then, [&] { return by->canceled() ? sdk::result::canceled() : remove_now(*of, what); });
    });
  }
  // Of an attempt that the process or the machine did not survive.
  void abandon_uploads(call_ptr, std::int64_t before_ms, done then) override {
    disk_pool::instance().run(
        [of = shared_, before_ms, then = std::move(then)] { guarded(then, [&] { return abandon_now(*of, before_ms); }); });
  }

private:
  struct shared {
    local_settings settings;
    client_environment with;
  };

  template <class Work>
  static void guarded(const done& then, Work work) {
    sdk::result r;
    try {
      r = work();
    } catch (const std::exception& e) {
      r = sdk::result::retry(category::system, e.what());
    }
    then(std::move(r));
  }
  [[nodiscard]] static sdk::result put_now(const shared& of, const call& by, const new_object& what);
  [[nodiscard]] static std::optional<sdk::result> fill(new_file& file, const call& by, const new_object& what);
  [[nodiscard]] static bool enter_in_ledger(const shared& of, const local_folder& folder, const new_file& file,
                                            const new_object& what, file_fault& fault);
  [[nodiscard]] static sdk::result remove_now(const shared& of, const stored_object& what);
  [[nodiscard]] static sdk::result abandon_now(const shared& of, std::int64_t before_ms);

  std::shared_ptr<const shared> shared_;
};

[[nodiscard]] std::string value_of(const name_values& from, std::string_view name) {
  for (const auto& [own, value] : from)
    if (own == name) return value;
  return {};
}

sdk::result local_client::put_now(const shared& of, const call& by, const new_object& what) {
  std::string why;
  const auto segments = segments_of(what.key, why);
  if (!segments) return rejected(std::move(why));
  file_fault fault;
  const auto folder = local_folder::open(of.settings.root, fault);
  if (!folder) return failed(fault);
  if (const auto organization = value_of(what.metadata, "waybill-organization");
      !organization.empty() && !folder->admits(organization)) {
    auto r = sdk::result::reject(category::configuration,
                                 of.settings.root + ": " + std::string{opening_file} + " does not name the organization");
    r.message = "The folder is not open to this organization.";
    return r;
  }
  const auto uploads = folder->make_folder({std::string{own_folder}, "uploads"}, 2, own_folder_mode, fault);
  if (!uploads) return failed(fault);
  const auto parent = folder->make_folder(*segments, segments->size() - 1, of.settings.folder_mode, fault);
  if (!parent) return failed(fault);
  new_file file{uploads.get(), random_name()};
  if (!file.made()) return failed({errno, "a new file"});
  if (auto broken = fill(file, by, what)) return std::move(*broken);
  if (fchmod(file.get(), of.settings.file_mode) != 0 || fsync(file.get()) != 0) return failed({errno, what.key});
  if (!enter_in_ledger(of, *folder, file, what, fault)) return failed(fault);
  if (!file.become(parent.get(), segments->back())) return failed({errno, what.key});
  auto r = sdk::result::delivered();
  r.bytes_sent = what.bytes->size();
  std::string path = of.settings.root;
  for (const auto& segment : *segments) path += "/" + segment;
  r.external_reference = "file://" + transfer::uri_encode(path, transfer::slash::keep);
  return r;
}

/// Nothing if all of it is there and is what was accepted.
std::optional<sdk::result> local_client::fill(new_file& file, const call& by, const new_object& what) {
  transfer::sha256_hasher hasher;
  std::string piece(static_cast<std::size_t>(std::min<std::uint64_t>(piece_bytes, what.bytes->size())), '\0');
  for (std::uint64_t done = 0; done < what.bytes->size();) {
    if (by.canceled()) return sdk::result::canceled();
    if (by.late()) return sdk::result::retry(category::timeout, "the file could not be written in time");
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(piece.size(), what.bytes->size() - done));
    if (!what.bytes->read(done, piece.data(), size))
      return sdk::result::retry(category::system, "the content could not be read");
    hasher.add({piece.data(), size});
    if (!file.write(piece.data(), size)) return failed({errno, what.key});
    done += size;
  }
  if (by.canceled()) return sdk::result::canceled();
  if (hasher.finish() != what.bytes->sha256())
    return sdk::result::retry(category::system, "the content is not what was accepted: its SHA-256 differs");
  return std::nullopt;
}

// Before the file has its name: a crash in between leaves a line without a file, never a file that nobody deletes.
bool local_client::enter_in_ledger(const shared& of, const local_folder& folder, const new_file& file, const new_object& what,
                                   file_fault& fault) {
  const auto destination = value_of(what.metadata, owner_mark);
  if (!of.with.retention.auto_cleanup || destination.empty()) return true;
  struct stat now {};
  if (fstat(file.get(), &now) != 0) {
    fault = {errno, what.key};
    return false;
  }
  return local_ledger{folder}.add(destination, sdk::now_ms(), {what.key, identity_of(now)}, fault);
}

sdk::result local_client::remove_now(const shared& of, const stored_object& what) {
  std::string why;
  const auto segments = segments_of(what.key, why);
  if (!segments) return rejected(std::move(why));
  file_fault fault;
  const auto folder = local_folder::open(of.settings.root, fault);
  if (!folder) return failed(fault);
  const auto parent = folder->find_folder(*segments, segments->size() - 1, fault);
  if (!parent) return fault.code == ENOENT ? sdk::result::delivered() : failed(fault);
  struct stat now {};
  const char* const name = segments->back().c_str();
  if (fstatat(parent.get(), name, &now, AT_SYMLINK_NOFOLLOW) != 0)
    return errno == ENOENT ? sdk::result::delivered() : failed({errno, what.key});
  const bool same = what.version.empty() || identity_of(now) == what.version;
  if (same && unlinkat(parent.get(), name, 0) != 0 && errno != ENOENT) return failed({errno, what.key});
  return sdk::result::delivered();
}

sdk::result local_client::abandon_now(const shared& of, std::int64_t before_ms) {
  file_fault fault;
  const auto folder = local_folder::open(of.settings.root, fault);
  if (!folder) return failed(fault);
  const auto uploads = folder->find_folder({std::string{own_folder}, "uploads"}, 2, fault);
  if (!uploads) return sdk::result::delivered();
  for (const auto& name : names_in(uploads.get())) {
    struct stat now {};
    if (fstatat(uploads.get(), name.c_str(), &now, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(now.st_mode)) continue;
    if (static_cast<std::int64_t>(now.st_mtim.tv_sec) * 1'000 < before_ms) unlinkat(uploads.get(), name.c_str(), 0);
  }
  return sdk::result::delivered();
}

}  // namespace

std::shared_ptr<store_client> make_local_client(const local_settings& settings, client_environment with) {
  return std::make_shared<local_client>(settings, std::move(with));
}

}  // namespace waybill::storage
