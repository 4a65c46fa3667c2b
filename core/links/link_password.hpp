// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_set>

#include "core/model/download_link.hpp"

namespace waybill::core {

/// Ten characters of Crockford base32 in two groups ("7K2QX-M9D4T"): 50 random bits that can be told over a telephone.
[[nodiscard]] std::string make_one_time_password();

/// scrypt (RFC 7914, N = 16384, r = 8, p = 1) with a salt of its own, as text. Of a one-time password case, hyphens and blanks
/// do not count, and the letters that Crockford's alphabet leaves out are read as the digits they look like.
[[nodiscard]] std::string hash_password(std::string_view password, link_password kind);
/// In constant time for a given length; false for a text that hash_password did not make.
[[nodiscard]] bool is_password(std::string_view password, link_password kind, std::string_view hash);

/// Passwords that were proved a while ago, so that the parts of one download do not each cost a scrypt. In memory, as hashes
/// under a key of this process; forgets everything when it is full. Thread-safe.
class proved_passwords {
public:
  proved_passwords();
  void add(std::string_view password, const download_link& link);
  [[nodiscard]] bool has(std::string_view password, const download_link& link) const;

private:
  [[nodiscard]] std::string name_of(std::string_view password, const download_link& link) const;

  static constexpr std::size_t most = 10'000;
  std::string key_;
  mutable std::mutex mutex_;
  std::unordered_set<std::string> names_;
};

}  // namespace waybill::core
