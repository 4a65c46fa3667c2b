// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace waybill::transfer {

/// A request body that is not in memory, read from start to end, as often as it is rewound. `rewind` and `read` are called
/// on the worker thread only, one at a time, so they may block for a read of the store; `size` from any thread.
class body_source {
public:
  virtual ~body_source() = default;
  /// Bytes in all; nothing if that is not known before the end.
  [[nodiscard]] virtual std::optional<std::uint64_t> size() const = 0;
  /// Back to the start; false if that failed.
  [[nodiscard]] virtual bool rewind() = 0;
  /// Up to `room` bytes; 0 at the end; nothing on failure.
  [[nodiscard]] virtual std::optional<std::size_t> read(char* buffer, std::size_t room) = 0;
};

/// What an exchange sends: nothing, bytes it owns, bytes that something else keeps alive, or a source.
struct body {
  std::string owned;
  std::string_view borrowed;            ///< used if owned is empty
  std::shared_ptr<body_source> source;  ///< used if set; shared with the worker while it reads

  [[nodiscard]] std::string_view bytes() const { return owned.empty() ? borrowed : std::string_view{owned}; }
};

}  // namespace waybill::transfer
