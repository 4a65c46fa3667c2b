// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>

#include "core/payload/payload_upload.hpp"
#include "core/plugin_host/blocking_pool.hpp"
#include "core/store/store_writer.hpp"

namespace waybill::core {

/// Where uploads begin. Hashing, checking and packing happen on one thread of its own; chunks go to the store writer one a
/// job. Owned by the engine, outlives its uploads' users. Thread-safe.
class payload_intake {
public:
  struct options {
    std::uint64_t most_bytes = 0;          ///< of one payload
    std::uint64_t organization_bytes = 0;  ///< of all payloads of an organization; 0: no limit
    std::size_t most_at_once = 32;
    milliseconds lease{120'000};  ///< an upload that brings nothing for this long is given up by the sweep
    milliseconds keep_unused{0};  ///< a payload that no delivery names goes after this
  };
  using begun = std::function<void(result<std::shared_ptr<payload_upload>>)>;

  payload_intake(store_writer& writer, const clock& time, options settings);
  ~payload_intake();  ///< stop()
  payload_intake(const payload_intake&) = delete;
  payload_intake& operator=(const payload_intake&) = delete;

  /// `announced`: the size, where the sender said it. payload_too_large; rate_limit_exceeded while too many are under way.
  void begin(organization_id org, std::string content_type, std::optional<std::uint64_t> announced, begun done);
  /// Uploads under way fail with shutting_down. The writer still runs.
  void stop();
  [[nodiscard]] std::size_t under_way() const;

private:
  class upload;
  struct shared;
  std::shared_ptr<shared> shared_;  ///< with the uploads, which may be dropped later
};

}  // namespace waybill::core
