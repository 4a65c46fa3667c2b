// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <libssh/libssh.h>

#include <memory>
#include <string>

namespace waybill::sftp {

struct key_free {
  void operator()(ssh_key_struct* key) const { ssh_key_free(key); }
};
using private_key = std::unique_ptr<ssh_key_struct, key_free>;

/// Reads a private key (OpenSSH's format or PEM; RSA, ECDSA, ed25519). Nothing if it is none, or the passphrase is wrong or
/// missing: a prompt is never made.
[[nodiscard]] private_key read_private_key(const std::string& text, const std::string& passphrase);

}  // namespace waybill::sftp
