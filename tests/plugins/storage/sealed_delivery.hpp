// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <string>

#include <waybill/transfer/hashing.hpp>

#include "../fake_host.hpp"

namespace waybill::testing {

/// A delivery with its hash, as the engine has it.
[[nodiscard]] inline fake_delivery sealed(const std::string& filename, std::string content) {
  fake_delivery what;
  what.filename = filename;
  what.content = std::move(content);
  what.content_type = "text/plain";
  const auto digest = transfer::sha256(what.content);
  std::copy(digest.begin(), digest.end(), what.sha256.begin());
  return what;
}

/// One that is read piece by piece.
[[nodiscard]] inline fake_delivery sealed_stream(std::uint64_t bytes) {
  std::string content(static_cast<std::size_t>(bytes), '\0');
  for (std::size_t i = 0; i < content.size(); ++i) content[i] = static_cast<char>(i * 7 + i / 65'537);
  auto what = sealed("large", std::move(content));
  what.streamed = true;
  what.timeout_ms = 60'000;
  return what;
}

[[nodiscard]] inline std::string hex_of(const fake_delivery& what) { return transfer::to_hex(what.sha256); }

}  // namespace waybill::testing
