// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "call.hpp"
#include "object.hpp"

namespace waybill::storage {

/// MD5 of bytes that come piece by piece: no protection against anybody, but the checksum that Azure and Google compare a
/// body with before they keep it.
class md5_hasher {
public:
  md5_hasher();
  ~md5_hasher();
  md5_hasher(const md5_hasher&) = delete;
  md5_hasher& operator=(const md5_hasher&) = delete;

  void add(std::string_view bytes);
  /// In base64, as header and metadata have it. Once, at the end.
  [[nodiscard]] std::string finish();

private:
  struct state;
  std::unique_ptr<state> state_;
};

[[nodiscard]] std::string md5_base64(std::string_view bytes);

/// The MD5 of a stretch of `from`, in base64, or nothing if it could not be read or the call was canceled. Reads on the worker,
/// a turn at a time, unless the content is in memory; `then` runs there, or before this returns.
void hash_md5(call_ptr by, content_ptr from, std::uint64_t offset, std::uint64_t size,
              std::function<void(std::optional<std::string>)> then);

}  // namespace waybill::storage
