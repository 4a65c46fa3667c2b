// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "core/model/error.hpp"
#include "core/model/payload.hpp"
#include "core/store/store_readers.hpp"

namespace waybill::core {

/// Which payload, as who. The size says where the last chunk is.
struct payload_place {
  organization_id organization;
  payload_id id;
  std::uint64_t size = 0;
};

/// Reads payloads by offset, from the store's reader threads. Chunks that were read last are kept unpacked in a cache of
/// bounded size that all readers of a node share: who reads on in small steps, and several who read the same payload at once,
/// cost one read of the store per chunk. Reading a chunk brings the next one along. Owned by the engine. Thread-safe.
class payload_source {
public:
  using chunk = std::shared_ptr<const std::string>;

  /// The readers outlive it. `cached`: chunks of payload_chunk_bytes.
  explicit payload_source(store_readers& readers, std::size_t cached = 16);
  ~payload_source();
  payload_source(const payload_source&) = delete;
  payload_source& operator=(const payload_source&) = delete;

  /// The chunk that holds this offset. Never blocks; answered at once or on a reader's thread.
  void get(const payload_place& what, std::uint64_t offset, std::function<void(result<chunk>)> done);
  /// Copies up to `room` bytes from `offset` on; 0 at the end. Blocks for one read of the store at most. Not to be called on
  /// a reader's thread, which it waits for.
  [[nodiscard]] result<std::size_t> read(const payload_place& what, std::uint64_t offset, std::uint8_t* buffer,
                                         std::size_t room);

private:
  struct state;
  std::shared_ptr<state> state_;  ///< with the reads under way
};

}  // namespace waybill::core
