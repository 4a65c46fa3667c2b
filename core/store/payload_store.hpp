// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/model/error.hpp"
#include "core/model/payload.hpp"

namespace waybill::core {

enum class chunk_codec : std::uint8_t { plain = 1, zstd };

/// One piece of a payload as it is kept: payload_chunk_bytes of content, the last piece less.
struct payload_chunk {
  std::uint32_t number = 0;  ///< from 0
  chunk_codec codec = chunk_codec::plain;
  std::uint32_t size = 0;  ///< of the content, uncompressed
  std::string bytes;       ///< as stored
};

/// Part of read_session. Whole payloads only: one that is still arriving is as unknown as a foreign one.
class payload_reads {
public:
  virtual ~payload_reads() = default;
  virtual result<payload> get_payload(organization_id org, payload_id id) = 0;  ///< payload_not_found
  /// payload_not_found, also for a number past the end.
  virtual result<payload_chunk> read_chunk(organization_id org, payload_id id, std::uint32_t number) = 0;
  /// What an organization's payloads hold together, uncompressed.
  virtual result<std::uint64_t> payload_bytes(organization_id org) = 0;
  virtual result<std::optional<organization_id>> payload_owner(payload_id id) = 0;  ///< whoever asks; as owner_of
};

/// Part of write_session. An upload is a row that lives until `expires_at` and is pushed on by every chunk, so what a crash
/// or a vanished client leaves behind is found by the sweep and by nothing else. The count of references moves with the rows
/// of deliveries: accepting one raises it (write_session::accept), removing one lowers it, in the same transaction.
class payload_writes {
public:
  virtual ~payload_writes() = default;
  virtual result<void> begin_payload(const payload& arriving, utc_time expires_at) = 0;
  /// payload_not_found when the upload was given up meanwhile.
  virtual result<void> append_chunk(payload_id id, const payload_chunk& next, utc_time expires_at) = 0;
  /// Makes it a payload, or gives the one up for another of the same organization, type, size and SHA-256. The answer is the
  /// one that counts; it is kept at least until `expires_at`.
  virtual result<payload> finish_payload(const payload& arrived, utc_time expires_at) = 0;
  virtual result<void> abort_payload(payload_id id) = 0;
  /// Gives up what is past its time without references, and removes at most `most_chunks` chunks of what was given up.
  /// True while there is more to remove.
  virtual result<bool> sweep_payloads(utc_time now, std::uint32_t most_chunks) = 0;
};

}  // namespace waybill::core
