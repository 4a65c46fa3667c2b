// SPDX-License-Identifier: Apache-2.0
#include "core/links/link_password.hpp"

#include <cstdint>
#include <cstdlib>

#include "core/security/digest.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>

namespace waybill::core {
namespace {

constexpr std::string_view alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";  // Crockford
constexpr std::string_view mark = "scrypt:v1:";
constexpr std::size_t salt_size = 16;
constexpr std::size_t hash_size = 32;
constexpr std::uint64_t cost = 16'384, block = 8, parallel = 1;
constexpr std::uint64_t most_memory = 64ULL << 20;

/// As it is compared.
std::string plain(std::string_view password, link_password kind) {
  if (kind != link_password::one_time) return std::string{password};
  std::string out;
  for (char c : password) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    if (c == '-' || c == ' ') continue;
    out += c == 'O' ? '0' : c == 'I' || c == 'L' ? '1' : c;
  }
  return out;
}

std::string scrypt(const std::string& password, std::string_view salt) {
  std::string hash(hash_size, '\0');
  // Out of memory: an unprotected link would be worse than no node.
  if (EVP_PBE_scrypt(password.data(), password.size(), reinterpret_cast<const unsigned char*>(salt.data()), salt.size(), cost,
                     block, parallel, most_memory, reinterpret_cast<unsigned char*>(hash.data()), hash.size()) != 1)
    std::abort();
  return hash;
}

}  // namespace

std::string make_one_time_password() {
  const auto bytes = random_bytes(10);
  std::string password;
  for (const char c : bytes) {
    if (password.size() == 5) password += '-';
    password += alphabet[static_cast<std::uint8_t>(c) % alphabet.size()];  // 256 is a multiple of 32: no bias
  }
  return password;
}

std::string hash_password(std::string_view password, link_password kind) {
  const auto salt = random_bytes(salt_size);
  return std::string{mark} + to_base64(salt + scrypt(plain(password, kind), salt));
}

bool is_password(std::string_view password, link_password kind, std::string_view hash) {
  if (hash.substr(0, mark.size()) != mark) return false;
  const auto bytes = from_base64(hash.substr(mark.size()));
  if (!bytes || bytes->size() != salt_size + hash_size) return false;
  const std::string_view stored{*bytes};
  return equal_constant_time(scrypt(plain(password, kind), stored.substr(0, salt_size)), stored.substr(salt_size));
}

proved_passwords::proved_passwords() : key_(random_bytes(32)) {}

/// The link's hash is part of it: a password that was replaced is not proved any more.
std::string proved_passwords::name_of(std::string_view password, const download_link& link) const {
  const auto inner = sha256(std::string{password});
  std::string text = key_ + link.password_hash;
  text.append(reinterpret_cast<const char*>(inner.data()), inner.size());
  text.append(reinterpret_cast<const char*>(link.id.bytes().data()), link.id.bytes().size());
  const auto digest = sha256(text);
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

void proved_passwords::add(std::string_view password, const download_link& link) {
  auto name = name_of(password, link);
  const std::lock_guard lock{mutex_};
  if (names_.size() >= most) names_.clear();
  names_.insert(std::move(name));
}

bool proved_passwords::has(std::string_view password, const download_link& link) const {
  const auto name = name_of(password, link);
  const std::lock_guard lock{mutex_};
  return names_.count(name) != 0;
}

}  // namespace waybill::core
