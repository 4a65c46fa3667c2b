// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "failure.hpp"
#include "packets.hpp"
#include "ssh_link.hpp"

namespace waybill::sftp {

/// How long a piece of work may take: in all, and without any progress.
struct patience {
  clock::time_point deadline;
  std::chrono::milliseconds idle;
  const transfer::stop_signal& stop;
};

using request_id = std::uint32_t;

/// Requests to an SFTP server, any number in flight: a request is sent by its function and its answer taken by `wait`, once,
/// in any order. libssh 0.10 knows neither writes in flight nor posix-rename, so the packets are ours; all below is its. After
/// a failure other than trouble::status the connection is of no more use. One thread at a time.
class sftp_client {
public:
  [[nodiscard]] static result<std::unique_ptr<sftp_client>> start(std::unique_ptr<ssh_link> link, const patience& how_long);

  request_id open(std::string_view path, std::uint32_t flags, const std::optional<std::uint32_t>& mode);
  request_id close(std::string_view handle);
  request_id write(std::string_view handle, std::uint64_t offset, std::string_view bytes);
  request_id read(std::string_view handle, std::uint64_t offset, std::uint32_t size);
  request_id stat(std::string_view path);
  request_id fstat(std::string_view handle);
  request_id set_mode_of(std::string_view handle, std::uint32_t mode);
  request_id set_mode(std::string_view path, std::uint32_t mode);
  request_id remove(std::string_view path);
  request_id make_folder(std::string_view path, const std::optional<std::uint32_t>& mode);
  request_id rename(std::string_view from, std::string_view to);
  // Only if the server `has` their extension.
  request_id replace(std::string_view from, std::string_view to);  ///< posix_rename
  request_id sync(std::string_view handle);                        ///< fsync
  request_id digest(std::string_view path);                        ///< check_file

  static constexpr const char* posix_rename = "posix-rename@openssh.com";
  static constexpr const char* fsync = "fsync@openssh.com";
  static constexpr const char* check_file = "check-file";
  [[nodiscard]] bool has(std::string_view extension) const;

  /// The answer, whatever its status.
  [[nodiscard]] result<reply> wait(request_id id, const patience& how_long);
  /// The same for a request whose answer is a status: anything but SSH_FX_OK is a failure of trouble::status.
  [[nodiscard]] result<void> done(request_id id, const patience& how_long, std::string_view doing);
  /// Its answer will not be asked for.
  void forget(request_id id);
  /// Sends what can be sent without waiting, and looks whether the server has gone meanwhile.
  [[nodiscard]] result<void> turn();

  [[nodiscard]] std::uint32_t longest_write() const { return longest_write_; }
  [[nodiscard]] const std::string& address() const { return link_->address(); }
  [[nodiscard]] bool answered() const { return answered_; }  ///< has any request been answered since `begin`
  void begin() { answered_ = false; }

private:
  explicit sftp_client(std::unique_ptr<ssh_link> link) : link_(std::move(link)) {}
  [[nodiscard]] result<void> greet(const patience& how_long);
  [[nodiscard]] result<void> ask_limits(const patience& how_long);
  [[nodiscard]] packet_writer request(packet kind);
  [[nodiscard]] packet_writer extended(std::string_view name);
  request_id sent(packet_writer& made);
  [[nodiscard]] result<bool> move();
  [[nodiscard]] result<void> take_packets();
  template <class Ready>
  [[nodiscard]] result<void> pump(const patience& how_long, Ready ready);

  std::unique_ptr<ssh_link> link_;
  server_version server_;
  bool greeted_ = false;
  bool answered_ = false;
  std::uint32_t longest_write_ = 32'768;  ///< what every server must take
  request_id last_ = 0;
  std::string out_;
  std::size_t out_done_ = 0;
  std::string in_;
  std::unordered_set<request_id> awaited_;
  std::unordered_set<request_id> forgotten_;
  std::unordered_map<request_id, reply> replies_;
};

/// "permission denied" and its like, and the server's own words.
[[nodiscard]] std::string status_in_words(const reply& what);

}  // namespace waybill::sftp
