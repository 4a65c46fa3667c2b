// SPDX-License-Identifier: Apache-2.0
#include "node/data_folder.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <utility>

#include "core/security/api_key.hpp"
#include "core/security/digest.hpp"

namespace waybill::node {
namespace {

tl::unexpected<core::error> unusable(const std::string& what, const std::string& path) {
  return core::fail(core::error_code::store_unavailable, what + " " + path + ": " + std::strerror(errno));
}

constexpr std::string_view check_context = "key check";
constexpr const char* temporary_suffix = ".tmp";

/// The key alone on one line, readable by its owner only. Under another name first, so that a crash leaves no half of it.
core::result<void> write_key_file(const std::string& path, const std::string& text) {
  const auto temporary = path + temporary_suffix;
  const int file = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return unusable("cannot make", temporary);
  const auto line = text + "\n";
  const bool written = ::write(file, line.data(), line.size()) == static_cast<ssize_t>(line.size()) && ::fsync(file) == 0;
  ::close(file);
  if (!written) return unusable("cannot write", temporary);
  if (::rename(temporary.c_str(), path.c_str()) != 0) return unusable("cannot make", path);
  const auto folder = std::filesystem::path(path).parent_path().string();
  const int entry = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (entry < 0) return unusable("cannot open", folder);
  const bool kept = ::fsync(entry) == 0;
  ::close(entry);
  if (!kept) return unusable("cannot write", folder);
  return {};
}

/// What a start that was killed left half made. The lock is held: nobody is writing them.
void remove_temporary_files(const std::string& folder) {
  std::error_code ignored;  // a file that stays is in nobody's way
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored))
    if (entry.path().extension() == temporary_suffix) std::filesystem::remove(entry.path(), ignored);
}

core::result<void> check_master_key(core::write_session& session, const core::master_key& key) {
  const core::secret_box box(key);
  auto kept = session.key_check();
  if (!kept) return core::fail(kept.error());
  if (kept->empty()) return session.put_key_check(box.seal("waybill", check_context));
  if (!box.open(*kept, check_context))
    return core::fail(core::error_code::conflict,
                      "the master key is not the one this store's secrets were sealed with; restore master.key "
                      "(or security.masterKey) from the backup");
  return {};
}

core::result<core::api_key> read_key_file(const std::string& path) {
  std::ifstream file(path);
  std::string text;
  std::getline(file, text);
  auto parsed = core::parse_key_text(text);
  if (!parsed) return core::fail(core::error_code::validation_error, path + " does not hold an API key");
  core::api_key key;
  key.id = parsed->id;
  key.secret_hash = core::sha256(parsed->secret);
  return key;
}

bool is_live_operator(const core::api_key& key) { return key.roles.has(core::role::engine) && !key.revoked_at; }

core::result<core::organization_id> default_organization(core::write_session& session, core::utc_time now) {
  auto known = session.list_organizations({1, {}});
  if (!known) return core::fail(known.error());
  if (!known->items.empty()) return known->items.front().id;
  core::organization made;
  made.id = core::organization_id::make();
  made.name = "default";
  made.created_at = made.updated_at = now;
  if (auto done = session.create_organization(made); !done) return core::fail(done.error());
  return made.id;
}

core::result<void> ensure_operator_key(core::write_session& session, const std::string& path,
                                       core::organization_id organization, core::utc_time now) {
  auto known = session.all_keys();
  if (!known) return core::fail(known.error());
  const bool has_file = std::filesystem::exists(path);
  core::api_key key;
  if (has_file) {
    auto read = read_key_file(path);
    if (!read) return core::fail(read.error());
    key = *read;
    if (std::any_of(known->begin(), known->end(), [&](const auto& k) { return k.id == key.id; })) return {};
  } else {
    if (std::any_of(known->begin(), known->end(), is_live_operator)) return {};
    key.id = core::key_id::make();
    auto text = core::make_key_text(key.id);
    key.secret_hash = text.secret_hash;
    // The file first: a key in the store that nobody has would lock everybody out.
    if (auto done = write_key_file(path, text.text); !done) return done;
  }
  key.organization = organization;
  key.name = "operator";
  key.roles.add(core::role::engine);
  key.created_at = now;
  return session.create_key(key);
}

}  // namespace

core::result<data_folder> data_folder::take(const std::string& path) {
  std::error_code failure;
  const bool fresh = std::filesystem::create_directories(path, failure);
  if (failure) return core::fail(core::error_code::store_unavailable, "cannot make " + path + ": " + failure.message());
  if (fresh && ::chmod(path.c_str(), 0700) != 0) return unusable("cannot protect", path);
  const auto lock_path = path + "/lock";
  const int lock = ::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock < 0) return unusable("cannot open", lock_path);
  if (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
    ::close(lock);
    return core::fail(core::error_code::conflict, "another node runs on the data folder " + path);
  }
  remove_temporary_files(path);
  return data_folder{path, lock};
}

data_folder::data_folder(data_folder&& other) noexcept : path_(std::move(other.path_)), lock_(std::exchange(other.lock_, -1)) {}

data_folder::~data_folder() {
  if (lock_ >= 0) ::close(lock_);
}

core::result<core::master_key> data_folder::key(const core::config& settings) const {
  if (!settings.security.master_key.empty()) return core::parse_master_key(settings.security.master_key);
  return core::load_or_make_master_key(path_ + "/master.key");
}

core::result<void> data_folder::prepare(core::store& storage, const core::clock& time, const core::master_key& key) const {
  auto session = storage.open_writer();
  if (!session) return core::fail(session.error());
  auto& writer = **session;
  if (auto done = writer.begin(); !done) return done;
  auto done = check_master_key(writer, key);
  if (done) {
    auto organization = default_organization(writer, time.now());
    done = organization ? ensure_operator_key(writer, operator_key_path(), *organization, time.now())
                        : core::result<void>(core::fail(organization.error()));
  }
  if (!done) {
    writer.rollback();
    return done;
  }
  return writer.commit();
}

}  // namespace waybill::node
