// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <waybill/transfer/endpoint.hpp>
#include <waybill/transfer/stop_signal.hpp>

#include "config.hpp"
#include "failure.hpp"

namespace waybill::sftp {

using clock = std::chrono::steady_clock;

/// Until when, and what ends it sooner.
struct limits {
  clock::time_point deadline;
  const transfer::stop_signal& stop;
};

/// An SSH connection with the sftp subsystem at its end: libssh over a socket that was connected to the address the guard
/// allowed, the server's key known, the user authenticated. Non-blocking underneath: every wait has its limits. One thread at
/// a time.
class ssh_link {
public:
  /// offer: the kinds of host keys asked for, one of host_keys::offers.
  [[nodiscard]] static result<std::unique_ptr<ssh_link>> open(const config& settings, const transfer::connect_guard& guard,
                                                              const std::string& offer, const limits& until);
  ~ssh_link();
  ssh_link(const ssh_link&) = delete;
  ssh_link& operator=(const ssh_link&) = delete;

  /// What was taken; 0 if there is no room just now.
  [[nodiscard]] result<std::size_t> write_some(std::string_view bytes);
  /// Appends what has come in, up to a megabyte; nothing if there is nothing just now.
  [[nodiscard]] result<std::size_t> read_some(std::string& into);
  /// How many bytes the server takes just now; it tells of more among what is read.
  [[nodiscard]] std::uint32_t room() const;
  /// Until there may be something to read or room to write.
  [[nodiscard]] result<void> wait(const limits& until);
  [[nodiscard]] const std::string& address() const { return address_; }

private:
  struct handles;
  explicit ssh_link(std::unique_ptr<handles> owned, std::string address);

  [[nodiscard]] result<void> set_up(const config& settings, const std::string& offer);
  [[nodiscard]] result<void> shake_hands(const config& settings, const limits& until);
  [[nodiscard]] result<void> check_host_key(const config& settings);
  [[nodiscard]] result<void> authenticate(const config& settings, const limits& until);
  [[nodiscard]] result<int> try_key(const config& settings, const limits& until);
  [[nodiscard]] result<int> try_password(const config& settings, const limits& until);
  [[nodiscard]] result<int> try_dialogue(const config& settings, const limits& until);
  [[nodiscard]] result<void> start_subsystem(const limits& until);
  template <class Call>
  [[nodiscard]] result<int> drive(const limits& until, int again, Call call);
  [[nodiscard]] failure broken(std::string_view doing) const;

  std::unique_ptr<handles> owned_;
  std::string address_;
};

}  // namespace waybill::sftp
