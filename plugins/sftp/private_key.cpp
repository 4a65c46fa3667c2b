// SPDX-License-Identifier: Apache-2.0
#include "private_key.hpp"

#include <openssl/err.h>

namespace waybill::sftp {
namespace {

// Without one the library would ask the terminal.
int no_prompt(const char*, char*, std::size_t, int, int, void*) { return SSH_ERROR; }

}  // namespace

private_key read_private_key(const std::string& text, const std::string& passphrase) {
  // The library finds the first line only at the very begin and the last one only with its line end.
  const auto begin = text.find("-----BEGIN");
  if (begin == std::string::npos) return nullptr;
  const auto whole = text.substr(begin) + "\n";
  ssh_key key = nullptr;
  const auto status = ssh_pki_import_privkey_base64(whole.c_str(), passphrase.empty() ? nullptr : passphrase.c_str(),
                                                    &no_prompt, nullptr, &key);
  ERR_clear_error();
  return private_key{status == SSH_OK ? key : nullptr};
}

}  // namespace waybill::sftp
