// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http_verdict.hpp"
#include "store_client.hpp"

namespace waybill::storage {

// What Azure's Blob service answers, in XML. Each reads bytes from outside and gives nothing for what it does not understand.

/// <Error><Code/><Message/></Error>; the message without the request id and time that follow its first line. Empty if none.
[[nodiscard]] service_error read_azure_error(std::string_view body);

struct uploaded_block {
  std::string id;  ///< base64
  std::uint64_t size = 0;
};
/// The uncommitted blocks of Get Block List.
[[nodiscard]] std::optional<std::vector<uploaded_block>> read_uncommitted_blocks(std::string_view body);

/// Of List Blobs with include=metadata. `owner_name`: the metadata that names the owner.
[[nodiscard]] std::optional<listing> read_blobs(std::string_view body, const std::string& owner_name);

}  // namespace waybill::storage
