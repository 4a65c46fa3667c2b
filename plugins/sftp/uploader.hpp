// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <waybill/transfer/hashing.hpp>

#include "config.hpp"
#include "pending.hpp"
#include "resume_book.hpp"
#include "sftp_client.hpp"

namespace waybill::sftp {

class write_window;

/// What an upload needs beside its connection.
struct upload_tools {
  const config& settings;
  resume_book& book;
  std::function<bool(wb_token)> canceled;  ///< does nobody wait for this call any more
};

/// Uploads files over one connection: small ones side by side, each step for all of them at once, so that a group costs the
/// round trips of one file; a large one by itself, with as many writes in flight as fit in 2 MiB. A file is written under
/// its temporary name, checked, and renamed. Every item has an outcome in the end. One thread at a time.
class uploader {
public:
  uploader(sftp_client& client, const upload_tools& tools, const patience& how_long)
      : client_(client), tools_(tools), how_long_(how_long) {}

  /// All of them small, or a single one. A failure is one of the connection: items without an outcome yet have none then.
  [[nodiscard]] result<void> run(pending_upload* first, pending_upload* last);
  /// Proves the right to write, and leaves no trace: a file is made in the folder, or the nearest one above it that exists if
  /// folders may be made, and removed.
  [[nodiscard]] result<void> test(std::string folder, const std::string& name);
  /// Removes the temporary file of an upload that will not go on; best effort.
  void clean_up(const pending_upload& item);

private:
  struct range {
    pending_upload* first;
    pending_upload* last;
    [[nodiscard]] pending_upload* begin() const { return first; }
    [[nodiscard]] pending_upload* end() const { return last; }
  };
  /// Requests for one file whose answers are still to be taken.
  struct open_requests {
    std::vector<request_id> plain;  ///< answered by a status
    request_id size = 0;            ///< answered by the file's attributes
  };
  [[nodiscard]] result<void> run_small(const range& items);
  [[nodiscard]] result<void> open_all(const range& items);
  [[nodiscard]] result<void> write_all(const range& items);
  [[nodiscard]] open_requests ask_to_write(pending_upload& item);
  void ask_to_finish(const pending_upload& item, open_requests& out);
  [[nodiscard]] result<void> take_written(pending_upload& item, const open_requests& from);
  [[nodiscard]] result<void> rename_all(const range& items);
  [[nodiscard]] request_id ask_to_rename(const pending_upload& item);

  [[nodiscard]] result<void> run_large(pending_upload& item);
  [[nodiscard]] result<void> send_content(pending_upload& item, std::uint64_t from);
  [[nodiscard]] result<void> send_pieces(pending_upload& item, std::uint64_t from, write_window& window);
  [[nodiscard]] bool is_resumable(const pending_upload& item) const;
  [[nodiscard]] result<void> finish_large(pending_upload& item, bool resumed);

  [[nodiscard]] result<std::string> open_temporary(pending_upload& item, std::uint32_t flags);
  [[nodiscard]] result<void> make_folders(const std::string& folder);
  [[nodiscard]] result<void> check_size(const reply& attributes, std::uint64_t expected) const;
  [[nodiscard]] result<void> check_content(pending_upload& item, std::string_view path);
  [[nodiscard]] result<transfer::sha256_bytes> digest_of(const std::string& path, std::uint64_t size);
  [[nodiscard]] result<transfer::sha256_bytes> read_back(const std::string& path, std::uint64_t size);
  [[nodiscard]] result<void> take_rename(pending_upload& item);
  [[nodiscard]] result<void> replace_in_two_steps(const pending_upload& item);
  [[nodiscard]] result<void> accept_existing(pending_upload& item, const failure& why);
  bool drop_canceled(pending_upload& item);

  sftp_client& client_;
  const upload_tools& tools_;
  const patience& how_long_;
};

}  // namespace waybill::sftp
