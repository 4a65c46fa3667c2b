// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <waybill/transfer/sigv4.hpp>

#include "http_verdict.hpp"
#include "store_client.hpp"

namespace waybill::storage {

// What S3 and STS answer, in XML. Each reads bytes from outside and gives nothing for what it does not understand.

/// <Error><Code/><Message/></Error>, with or without STS's <ErrorResponse> around it; empty if it is none.
[[nodiscard]] service_error read_s3_error(std::string_view body);

/// Of CreateMultipartUpload; empty if there is none.
[[nodiscard]] std::string read_upload_id(std::string_view body);

struct uploaded_part {
  std::uint32_t number = 0;
  std::uint64_t size = 0;
  std::string etag;
  std::string checksum;  ///< SHA-256 in base64, if the service keeps it
};
struct part_listing {
  std::vector<uploaded_part> parts;
  std::string next;  ///< part-number-marker of the following page; empty: this was the last
};
[[nodiscard]] std::optional<part_listing> read_parts(std::string_view body);

/// Of ListObjectsV2 with encoding-type=url.
[[nodiscard]] std::optional<listing> read_objects(std::string_view body);

/// Credentials that end.
struct temporary_credentials {
  transfer::aws_credentials key;
  std::int64_t expires_at_ms = 0;  ///< Unix time
};
/// Of AssumeRole and AssumeRoleWithWebIdentity.
[[nodiscard]] std::optional<temporary_credentials> read_sts_credentials(std::string_view body);
/// Of the metadata service of an instance or a container: JSON.
[[nodiscard]] std::optional<temporary_credentials> read_metadata_credentials(std::string_view body);

/// %XX undone; as it is where that is none.
[[nodiscard]] std::string uri_decode(std::string_view text);

}  // namespace waybill::storage
