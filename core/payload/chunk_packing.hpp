// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "core/store/payload_store.hpp"

namespace waybill::core {

/// Packs the chunks of one payload with zstd where that takes off an eighth at least. After one that would not shrink it
/// leaves the next few as they are, so that what is compressed already (archives, images) costs next to nothing. One thread.
class chunk_packer {
public:
  chunk_packer();
  ~chunk_packer();
  chunk_packer(const chunk_packer&) = delete;
  chunk_packer& operator=(const chunk_packer&) = delete;

  [[nodiscard]] payload_chunk pack(std::uint32_t number, std::string content);

private:
  struct context;
  std::unique_ptr<context> context_;  ///< made with the first chunk: small uploads are many
  int left_alone_ = 0;
};

/// The content of a stored chunk. internal_error if it is not what its row says.
[[nodiscard]] result<std::string> unpack(payload_chunk stored);

}  // namespace waybill::core
