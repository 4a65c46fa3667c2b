// SPDX-License-Identifier: Apache-2.0
#include "local_ledger.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <memory>

#include <nlohmann/json.hpp>

#include "times.hpp"

namespace waybill::storage {
namespace {

using nlohmann::json;

constexpr std::size_t page_entries = 500;
constexpr mode_t own_folder_mode = 0700;
constexpr mode_t own_file_mode = 0600;
constexpr std::size_t longest_line = 16'384;

/// Where a listing goes on: destination, day and offset into its file.
struct place {
  std::string destination;
  std::string day;
  long offset = 0;
};

[[nodiscard]] place read_place(const std::string& from) {
  place out;
  const auto first = from.find('\n');
  const auto second = from.find('\n', first == std::string::npos ? from.size() : first + 1);
  if (second == std::string::npos) return out;
  out.destination = from.substr(0, first);
  out.day = from.substr(first + 1, second - first - 1);
  std::from_chars(from.data() + second + 1, from.data() + from.size(), out.offset);
  return out;
}

struct file_close {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using stream = std::unique_ptr<std::FILE, file_close>;

[[nodiscard]] stream open_stream(int folder, const std::string& name) {
  const int fd = openat(folder, name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return nullptr;
  stream out{fdopen(fd, "r")};
  if (!out) ::close(fd);
  return out;
}

/// The file of an entry, if it is still the one that was written.
[[nodiscard]] std::optional<stored_object> find_file(const local_folder& folder, const ledger_entry& entry,
                                                     const std::string& owner) {
  std::string why;
  const auto segments = segments_of(entry.key, why);
  if (!segments) return std::nullopt;
  file_fault fault;
  const auto parent = folder.find_folder(*segments, segments->size() - 1, fault);
  struct stat found {};
  if (!parent || fstatat(parent.get(), segments->back().c_str(), &found, AT_SYMLINK_NOFOLLOW) != 0) return std::nullopt;
  if (!S_ISREG(found.st_mode) || identity_of(found) != entry.identity) return std::nullopt;
  stored_object out;
  out.key = entry.key;
  out.size = static_cast<std::uint64_t>(found.st_size);
  out.modified_ms = static_cast<std::int64_t>(found.st_mtim.tv_sec) * 1'000 + found.st_mtim.tv_nsec / 1'000'000;
  out.version = entry.identity;
  out.owner = owner;
  return out;
}

}  // namespace

std::string identity_of(const struct stat& file) {
  return std::to_string(file.st_ino) + ":" + std::to_string(file.st_size) + ":" + std::to_string(file.st_mtim.tv_sec) + "." +
         std::to_string(file.st_mtim.tv_nsec);
}

std::string ledger_line(const ledger_entry& what) {
  return json{{"file", what.key}, {"is", what.identity}}.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

std::optional<ledger_entry> read_ledger_line(std::string_view line) {
  const auto document = json::parse(line.begin(), line.end(), nullptr, false);
  if (!document.is_object()) return std::nullopt;
  const auto file = document.find("file");
  const auto is = document.find("is");
  if (file == document.end() || is == document.end() || !file->is_string() || !is->is_string()) return std::nullopt;
  return ledger_entry{file->get<std::string>(), is->get<std::string>()};
}

bool local_ledger::add(const std::string& destination, std::int64_t now_ms, const ledger_entry& what, file_fault& fault) const {
  const auto folder = folder_.make_folder({std::string{own_folder}, "written", destination}, 3, own_folder_mode, fault);
  if (!folder) return false;
  const auto day = format_utc(now_ms, "%Y-%m-%d");
  const auto flags = O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC;
  file_handle file{openat(folder.get(), day.c_str(), flags)};
  const bool is_new = !file && errno == ENOENT;
  if (is_new) file = file_handle{openat(folder.get(), day.c_str(), flags | O_CREAT, own_file_mode)};
  const auto line = ledger_line(what);
  // One write of a line: lines of several threads do not mix.
  const bool good = file && ::write(file.get(), line.data(), line.size()) == static_cast<ssize_t>(line.size()) &&
                    fdatasync(file.get()) == 0 && (!is_new || fsync(folder.get()) == 0);
  if (!good) fault = {errno == 0 ? EIO : errno, "the ledger of written files"};
  return good;
}

listing local_ledger::page(const std::string& from, std::int64_t before_ms) const {
  listing out;
  file_fault fault;
  const auto written = folder_.find_folder({std::string{own_folder}, "written"}, 2, fault);
  if (!written) return out;
  const auto start = read_place(from);
  const auto today = format_utc(before_ms, "%Y-%m-%d");
  for (const auto& destination : names_in(written.get())) {
    if (destination < start.destination) continue;
    const file_handle days{openat(written.get(), destination.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
    if (!days) continue;
    for (const auto& day : names_in(days.get())) {
      const bool resumes = destination == start.destination && day == start.day;
      if ((destination == start.destination && day < start.day) || day > today) continue;
      const auto file = open_stream(days.get(), day);
      if (!file || (resumes && std::fseek(file.get(), start.offset, SEEK_SET) != 0)) continue;
      const auto before = out.objects.size();
      std::string line(longest_line, '\0');
      while (std::fgets(line.data(), static_cast<int>(line.size()), file.get()) != nullptr) {
        const auto entry = read_ledger_line(std::string_view{line.data()});
        auto found = entry ? find_file(folder_, *entry, destination) : std::nullopt;
        if (found) out.objects.push_back(std::move(*found));
        if (out.objects.size() < page_entries) continue;
        out.next = destination + "\n" + day + "\n" + std::to_string(std::ftell(file.get()));
        return out;
      }
      // The day is over and none of its files is left. Somebody who writes to it just now is of today.
      if (!resumes && out.objects.size() == before && day < today) unlinkat(days.get(), day.c_str(), 0);
    }
  }
  return out;
}

}  // namespace waybill::storage
