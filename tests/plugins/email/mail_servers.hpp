// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "../nginx_server.hpp"

namespace waybill::testing {

/// Certificates for mail servers, and what a client must trust: one for the process.
[[nodiscard]] const certificates& mail_tls();
/// rsa.pem and rsa.key: a certificate and its key as token endpoints want them for signed assertions. One for the process.
[[nodiscard]] const temporary_folder& mail_rsa();

/// Exim (tests/peers/exim): a real mail server. One for the process, started at first use.
class exim_server {
public:
  static exim_server& instance();
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::uint16_t tls_port() const { return tls_port_; }
  /// The mails that arrived for this recipient of the envelope, oldest first. Waits until there are `count`.
  [[nodiscard]] std::vector<std::string> mails_to(const std::string& recipient, std::size_t count = 1) const;
  /// From now on greylist@ is let in, or not any more.
  void open(bool let_in) const;
  /// Connections so far.
  [[nodiscard]] std::string log() const { return folder_.read("mainlog"); }
  /// A provider for it: STARTTLS, the password.
  [[nodiscard]] nlohmann::json provider() const;

private:
  exim_server();
  temporary_folder folder_;
  std::uint16_t port_;
  std::uint16_t tls_port_;
};

/// Dovecot's submission service (tests/peers/dovecot), which verifies access tokens; passes mails on to Exim.
class dovecot_server {
public:
  static dovecot_server& instance();
  [[nodiscard]] std::uint16_t port() const { return port_; }
  /// The private key that tokens must be signed with, in PEM.
  [[nodiscard]] std::string key() const { return folder_.read("token.key"); }

private:
  dovecot_server();
  temporary_folder folder_;
  std::uint16_t port_;
};

}  // namespace waybill::testing
