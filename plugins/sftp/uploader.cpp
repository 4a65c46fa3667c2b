// SPDX-License-Identifier: Apache-2.0
#include "uploader.hpp"

#include <algorithm>
#include <vector>

#include "write_window.hpp"

namespace waybill::sftp {
namespace {

constexpr std::uint32_t for_writing = open_flag::write | open_flag::create | open_flag::truncate;

bool may_lack_folder(const reply& answer) {
  // Servers disagree on what a missing folder is, down to the plain "failure".
  return answer.status == fx::no_such_file || answer.status == fx::no_such_path || answer.status == fx::general_failure;
}

bool knows_digest(const sdk::delivery& what) {
  return std::any_of(what.sha256(), what.sha256() + 32, [](std::uint8_t byte) { return byte != 0; });
}

bool is_digest(const sdk::delivery& what, const transfer::sha256_bytes& digest) {
  return std::equal(digest.begin(), digest.end(), what.sha256());
}

result<std::string> handle_of(result<reply> answer, std::string_view doing) {
  if (!answer) return fail(answer.error());
  if (answer->kind == packet::handle) return std::move(answer->text);
  if (answer->kind != packet::status) return fail(trouble::protocol, "the server answers with another kind of packet");
  return fail(trouble::status, std::string{doing} + ": " + status_in_words(*answer), answer->status);
}

/// The next bytes of the content; empty if they cannot be had.
std::string_view piece_of(const sdk::delivery& what, std::uint64_t at, std::size_t most, std::string& buffer) {
  std::uint64_t size = std::min<std::uint64_t>(most, what.size() - at);
  if (what.in_memory()) return what.content().substr(static_cast<std::size_t>(at), static_cast<std::size_t>(size));
  buffer.resize(static_cast<std::size_t>(size));
  if (what.read(at, reinterpret_cast<std::uint8_t*>(buffer.data()), size) != WB_OK) return {};
  return std::string_view{buffer}.substr(0, static_cast<std::size_t>(size));
}

}  // namespace

result<void> uploader::run(pending_upload* first, pending_upload* last) {
  if (last - first != 1 || is_small(first->what)) return run_small({first, last});
  if (drop_canceled(*first)) return {};
  const auto how = run_large(*first);
  if (!how && is_of_connection(how.error())) return how;
  first->end(how);
  return {};
}

// ---- small files, side by side ------------------------------------------------------------------------------------

result<void> uploader::run_small(const range& items) {
  return open_all(items).and_then([&] { return write_all(items); }).and_then([&] { return rename_all(items); });
}

result<void> uploader::open_all(const range& items) {
  for (auto& item : items)
    if (!item.over() && !drop_canceled(item))
      item.request = client_.open(item.plan.temporary, for_writing, tools_.settings.file_mode);
  for (auto& item : items) {
    if (item.over()) continue;
    auto answer = client_.wait(item.request, how_long_);
    if (answer && answer->kind == packet::status && may_lack_folder(*answer) && tools_.settings.create_directories) {
      if (const auto made = make_folders(item.plan.folder); !made) return made;
      answer = client_.wait(client_.open(item.plan.temporary, for_writing, tools_.settings.file_mode), how_long_);
    }
    auto handle = handle_of(std::move(answer), "the file cannot be made");
    if (handle)
      item.handle = std::move(*handle);
    else if (is_of_connection(handle.error()))
      return fail(handle.error());
    else
      item.end(fail(handle.error()));
  }
  return {};
}

result<void> uploader::write_all(const range& items) {
  std::vector<open_requests> all;
  for (auto& item : items) all.push_back(item.over() ? open_requests{} : ask_to_write(item));
  auto own = all.begin();
  for (auto& item : items)
    if (const auto wrote = take_written(item, *own++); !wrote) return wrote;
  for (auto& item : items) {
    if (item.over() || tools_.settings.verify != verification::content) continue;
    const auto same = check_content(item, item.plan.temporary);
    if (!same && is_of_connection(same.error())) return same;
    if (!same) item.end(same);
  }
  return {};
}

/// Everything that the open file needs, and that it is closed.
uploader::open_requests uploader::ask_to_write(pending_upload& item) {
  open_requests out;
  const auto content = item.what.content();
  if (knows_digest(item.what) && !is_digest(item.what, transfer::sha256(content))) {
    item.end(fail(trouble::content, "the content is not what its checksum says"));
    out.plain.push_back(client_.close(item.handle));
    return out;
  }
  const std::size_t step = client_.longest_write();
  for (std::size_t at = 0; at < content.size(); at += step)
    out.plain.push_back(client_.write(item.handle, at, content.substr(at, step)));
  item.facts.bytes_sent = content.size();
  ask_to_finish(item, out);
  return out;
}

void uploader::ask_to_finish(const pending_upload& item, open_requests& out) {
  if (tools_.settings.file_mode) out.plain.push_back(client_.set_mode_of(item.handle, *tools_.settings.file_mode));
  if (tools_.settings.sync && client_.has(sftp_client::fsync)) out.plain.push_back(client_.sync(item.handle));
  out.size = client_.fstat(item.handle);
  out.plain.push_back(client_.close(item.handle));
}

result<void> uploader::take_written(pending_upload& item, const open_requests& from) {
  for (const auto id : from.plain) {
    const auto wrote = client_.done(id, how_long_, "the file cannot be written");
    if (!wrote && is_of_connection(wrote.error())) return wrote;
    if (!wrote) item.end(wrote);
  }
  item.handle.clear();
  if (from.size == 0) return {};
  const auto attributes = client_.wait(from.size, how_long_);
  if (!attributes) return fail(attributes.error());
  if (const auto same = check_size(*attributes, item.what.size()); !same) item.end(same);
  return {};
}

result<void> uploader::rename_all(const range& items) {
  for (auto& item : items) item.request = item.over() || drop_canceled(item) ? 0 : ask_to_rename(item);
  for (auto& item : items) {
    if (item.request == 0) continue;
    const auto named = take_rename(item);
    if (!named && is_of_connection(named.error())) return named;
    item.end(named);
  }
  for (const auto& item : items)
    if (!*item.outcome) clean_up(item);
  return {};
}

// ---- a large file --------------------------------------------------------------------------------------------------

result<void> uploader::run_large(pending_upload& item) {
  const auto task = item.what.task_id();
  const bool resumable = is_resumable(item);
  std::uint64_t from = resumable ? tools_.book.find(task, item.plan.temporary) : 0;
  if (from > 0) {
    const auto there = client_.wait(client_.stat(item.plan.temporary), how_long_);
    if (!there) return fail(there.error());
    // What the server has confirmed must be there; what it has beyond may have holes.
    if (!there->size || *there->size < from || from > item.what.size()) from = 0;
  }
  auto handle = open_temporary(item, from > 0 ? open_flag::write : for_writing);
  if (!handle) return fail(handle.error());
  item.handle = std::move(*handle);
  item.facts.resumed_from = from;
  const auto sent = send_content(item, from).and_then([&] { return finish_large(item, from > 0); });
  if (!sent && is_of_connection(sent.error())) return sent;
  if (resumable) tools_.book.erase(task);
  if (!sent) clean_up(item);
  return sent;
}

result<void> uploader::send_content(pending_upload& item, std::uint64_t from) {
  write_window window{client_, item, from, is_resumable(item) ? &tools_.book : nullptr};
  auto how = send_pieces(item, from, window);
  if (!how && is_of_connection(how.error())) window.save();
  return how;
}

result<void> uploader::send_pieces(pending_upload& item, std::uint64_t from, write_window& window) {
  constexpr std::uint64_t most_in_flight = 2'097'152;
  const auto& what = item.what;
  transfer::sha256_hasher hasher;
  std::string buffer;
  for (std::uint64_t at = from; at < what.size();) {
    if (tools_.canceled(item.done.token())) return fail(trouble::canceled, "canceled");
    if (clock::now() > how_long_.deadline) return fail(trouble::timeout, "the upload was not done by its deadline");
    const auto bytes = piece_of(what, at, client_.longest_write(), buffer);
    if (bytes.empty()) return fail(trouble::content, "the content could not be read");
    if (from == 0) hasher.add(bytes);
    const auto id = client_.write(item.handle, at, bytes);
    window.add(id, at += bytes.size());
    item.facts.bytes_sent += bytes.size();
    const auto moved = client_.turn().and_then([&] { return window.shrink_to(most_in_flight, how_long_); });
    if (!moved) return moved;
  }
  if (const auto landed = window.shrink_to(0, how_long_); !landed) return landed;
  if (from == 0 && knows_digest(what) && !is_digest(what, hasher.finish()))
    return fail(trouble::content, "the content is not what its checksum says");
  return {};
}

bool uploader::is_resumable(const pending_upload& item) const {
  constexpr std::uint64_t smallest = 8'388'608;
  return tools_.settings.resume && item.what.size() > smallest;
}

result<void> uploader::finish_large(pending_upload& item, bool resumed) {
  open_requests rest;
  ask_to_finish(item, rest);
  if (const auto written = take_written(item, rest); !written) return written;
  if (item.over()) return *item.outcome;
  if (resumed || tools_.settings.verify == verification::content)
    if (const auto same = check_content(item, item.plan.temporary); !same) return same;
  if (tools_.canceled(item.done.token())) return fail(trouble::canceled, "canceled");
  item.request = ask_to_rename(item);
  return take_rename(item);
}

// ---- steps ---------------------------------------------------------------------------------------------------------

result<std::string> uploader::open_temporary(pending_upload& item, std::uint32_t flags) {
  auto answer = client_.wait(client_.open(item.plan.temporary, flags, tools_.settings.file_mode), how_long_);
  if (answer && answer->kind == packet::status && may_lack_folder(*answer) && tools_.settings.create_directories) {
    if (const auto made = make_folders(item.plan.folder); !made) return fail(made.error());
    answer = client_.wait(client_.open(item.plan.temporary, flags, tools_.settings.file_mode), how_long_);
  }
  return handle_of(std::move(answer), "the file cannot be made");
}

result<void> uploader::make_folders(const std::string& folder) {
  std::vector<std::pair<request_id, std::string>> asked;
  for (std::size_t end = folder.find('/', 1); !folder.empty(); end = folder.find('/', end + 1)) {
    auto part = folder.substr(0, end);
    if (part != "/" && (part.back() != '/' || end == std::string::npos))
      asked.emplace_back(client_.make_folder(part, tools_.settings.directory_mode), part);
    if (end == std::string::npos) break;
  }
  for (const auto& [id, part] : asked) {
    const auto answer = client_.wait(id, how_long_);
    if (!answer) return fail(answer.error());
    // Whether one that cannot be made is there already shows when the file is opened. The server's umask may have taken
    // bits off one that was made.
    if (answer->status == fx::ok && tools_.settings.directory_mode)
      if (const auto set = client_.wait(client_.set_mode(part, *tools_.settings.directory_mode), how_long_); !set)
        return fail(set.error());
  }
  return {};
}

result<void> uploader::check_size(const reply& attributes, std::uint64_t expected) const {
  if (attributes.kind == packet::status)
    return fail(trouble::status, "the size cannot be checked: " + status_in_words(attributes), attributes.status);
  if (attributes.size == expected) return {};
  return fail(trouble::mismatch, "the file at the server has " +
                                     (attributes.size ? std::to_string(*attributes.size) : "no known number of") +
                                     " bytes, and " + std::to_string(expected) + " were sent");
}

result<void> uploader::check_content(pending_upload& item, std::string_view path) {
  if (!knows_digest(item.what)) return {};
  const auto digest = digest_of(std::string{path}, item.what.size());
  if (!digest) return fail(digest.error());
  if (!is_digest(item.what, *digest))
    return fail(trouble::mismatch, "the file at the server has another checksum than what was sent");
  item.facts.content_checked = true;
  return {};
}

result<transfer::sha256_bytes> uploader::digest_of(const std::string& path, std::uint64_t size) {
  if (!client_.has(sftp_client::check_file)) return read_back(path, size);
  const auto answer = client_.wait(client_.digest(path), how_long_);
  if (!answer) return fail(answer.error());
  const auto bytes = answer->kind == packet::extended_reply ? read_sha256(answer->text) : std::nullopt;
  if (!bytes) return read_back(path, size);
  transfer::sha256_bytes out{};
  std::copy(bytes->begin(), bytes->end(), reinterpret_cast<char*>(out.data()));
  return out;
}

result<transfer::sha256_bytes> uploader::read_back(const std::string& path, std::uint64_t size) {
  constexpr std::uint32_t piece = 32'768;
  constexpr std::size_t most_in_flight = 32;
  auto handle = handle_of(client_.wait(client_.open(path, open_flag::read, {}), how_long_), "the file cannot be read back");
  if (!handle) return fail(handle.error());
  transfer::sha256_hasher hasher;
  std::vector<request_id> flight;
  std::size_t front = 0;
  std::uint64_t asked = 0;
  std::uint64_t taken = 0;
  const auto forget_rest = [&] {
    for (; front < flight.size(); ++front) client_.forget(flight[front]);
    client_.forget(client_.close(*handle));
  };
  while (taken < size) {
    for (; asked < size && flight.size() - front < most_in_flight; asked += piece)
      flight.push_back(client_.read(*handle, asked, static_cast<std::uint32_t>(std::min<std::uint64_t>(piece, size - asked))));
    const auto answer = client_.wait(flight[front], how_long_);
    if (!answer) return fail(answer.error());
    ++front;
    // A regular file gives what was asked for; a short answer is the file's end, or as good as that.
    const bool whole = answer->kind == packet::data && answer->text.size() == std::min<std::uint64_t>(piece, size - taken);
    if (!whole) {
      forget_rest();
      return fail(trouble::mismatch, "the file at the server is shorter than what was sent");
    }
    hasher.add(answer->text);
    taken += answer->text.size();
    if (front == flight.size()) {
      flight.clear();
      front = 0;
    }
  }
  forget_rest();
  return hasher.finish();
}

request_id uploader::ask_to_rename(const pending_upload& item) {
  const bool replaces = tools_.settings.if_exists == existing_file::overwrite && client_.has(sftp_client::posix_rename);
  return replaces ? client_.replace(item.plan.temporary, item.plan.path) : client_.rename(item.plan.temporary, item.plan.path);
}

result<void> uploader::take_rename(pending_upload& item) {
  const auto named = client_.done(item.request, how_long_, "the file cannot be renamed");
  if (named || named.error().what != trouble::status) return named;
  const auto status = named.error().status;
  const bool may_exist = status == fx::general_failure || status == fx::file_already_exists;
  if (tools_.settings.if_exists == existing_file::fail) return may_exist ? accept_existing(item, named.error()) : named;
  // With posix-rename what is there is no hindrance; without it, it has to go first.
  if (may_exist && !client_.has(sftp_client::posix_rename)) return replace_in_two_steps(item);
  if (status == fx::unsupported) return replace_in_two_steps(item);
  return named;
}

result<void> uploader::replace_in_two_steps(const pending_upload& item) {
  const auto removed = client_.wait(client_.remove(item.plan.path), how_long_);
  if (!removed) return fail(removed.error());
  return client_.done(client_.rename(item.plan.temporary, item.plan.path), how_long_, "the file cannot be renamed");
}

/// The file is there. If it is what would have been written, an earlier attempt has done it.
result<void> uploader::accept_existing(pending_upload& item, const failure& why) {
  const auto there = client_.wait(client_.stat(item.plan.path), how_long_);
  if (!there) return fail(there.error());
  if (there->kind != packet::attributes) return fail(why);
  const bool same_size = there->size == item.what.size();
  const auto same = same_size ? check_content(item, item.plan.path) : fail(trouble::mismatch, {});
  if (!same && is_of_connection(same.error())) return same;
  if (!same || !item.facts.content_checked) return fail(trouble::exists, "the file exists and is another one");
  item.facts.was_there = true;
  clean_up(item);
  return {};
}

/// Best effort: the temporary file of an upload that will not go on.
void uploader::clean_up(const pending_upload& item) {
  if (item.plan.temporary.empty()) return;
  if (!item.handle.empty()) client_.forget(client_.close(item.handle));
  static_cast<void>(client_.wait(client_.remove(item.plan.temporary), how_long_));
}

bool uploader::drop_canceled(pending_upload& item) {
  if (!tools_.canceled(item.done.token())) return false;
  item.end(fail(trouble::canceled, "canceled"));
  return true;
}

result<void> uploader::test(std::string folder, const std::string& name) {
  while (tools_.settings.create_directories && !folder.empty() && folder != "/") {
    const auto there = client_.wait(client_.stat(folder), how_long_);
    if (!there) return fail(there.error());
    if (there->kind == packet::attributes) break;
    const auto end = folder.rfind('/');
    folder.resize(end == std::string::npos ? 0 : std::max<std::size_t>(end, 1));
  }
  const auto at = folder.empty() ? name : folder.back() == '/' ? folder + name : folder + "/" + name;
  auto handle = handle_of(client_.wait(client_.open(at, for_writing, {}), how_long_),
                          "no file can be made in " + (folder.empty() ? "the home folder" : folder));
  if (!handle) return fail(handle.error());
  const auto wrote = client_.write(*handle, 0, "waybill");
  const auto closed = client_.close(*handle);
  const auto removed = client_.remove(at);
  auto how = client_.done(wrote, how_long_, "the file cannot be written");
  auto shut = client_.done(closed, how_long_, "the file cannot be closed");
  auto gone = client_.done(removed, how_long_, "the test file cannot be removed");
  return !how ? how : !shut ? shut : gone;
}

}  // namespace waybill::sftp
