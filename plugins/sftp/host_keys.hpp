// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace waybill::sftp {

/// The keys by which a server is known: fingerprints, and lines of a known_hosts file. Without a match there is no
/// connection. Immutable once made.
class host_keys {
public:
  /// A fingerprint as `ssh-keygen -l` prints it. What is wrong with it; empty if nothing.
  [[nodiscard]] std::string add_fingerprint(std::string_view text);
  /// Takes the lines for this host. What is wrong with a line, with its number; empty if nothing. That no line is for this
  /// host is a fault; a line for another host is none. A key marked @revoked is refused whatever else matches.
  [[nodiscard]] std::string add_known_hosts(std::string_view text, const std::string& host, unsigned port);
  [[nodiscard]] bool empty() const { return fingerprints_.empty() && keys_.empty(); }

  /// key: base64 of the public key's blob. fingerprint: "SHA256:…".
  [[nodiscard]] bool match(std::string_view key, std::string_view fingerprint) const;
  /// Kinds of host keys to ask the server for, as libssh's option wants them ("": the library's own), to be tried in this
  /// order while the server shows a key that does not match. Known lines name their kinds, so a server with several keys shows
  /// one that is known; a fingerprint does not, so with one each kind gets its turn.
  [[nodiscard]] std::vector<std::string> offers(bool legacy) const;

private:
  struct known_key {
    std::string type;
    std::string base64;
  };
  std::vector<std::string> fingerprints_;
  std::vector<known_key> keys_;
  std::vector<known_key> revoked_;
};

}  // namespace waybill::sftp
