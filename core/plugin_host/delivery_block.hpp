// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/model/delivery.hpp"
#include "core/plugin_host/handler.hpp"

#include <waybill/plugin.h>

namespace waybill::core {

/// How a plugin gets at the content: in memory, or only through wb_host.read (what a stream looks like to it).
enum class content_access : std::uint8_t { in_memory = 1, through_read };

/// One attempt as the plugin sees it, and everything its views point into. The wb_delivery is the base, so the pointer a
/// plugin hands back to retain, release, read or link_create finds its block without a look-up. Freed when the host has let
/// go and the plugin has released what it retained. Immutable but for the count; counting is thread-safe.
class delivery_block final : public wb_delivery {
public:
  /// The host's hold on a block: one, moved around, let go when the hook has returned.
  struct let_go {
    void operator()(const delivery_block* block) const { block->drop(host_hold); }
  };
  using held = std::unique_ptr<const delivery_block, let_go>;

  /// deadline: ms on the clock of wb_host.monotonic_ms. destination: the id's text, which callers have at hand.
  [[nodiscard]] static held make(const queued_task& what, std::uint32_t attempt_number, std::int64_t deadline,
                                 std::string_view destination, content_access access,
                                 const std::shared_ptr<handler_services>& services = nullptr);
  [[nodiscard]] static const delivery_block& of(const wb_delivery& view) { return static_cast<const delivery_block&>(view); }

  void retain() const { holds_.fetch_add(1, std::memory_order_relaxed); }
  /// False, and nothing changed, if the plugin retained it less often than this.
  [[nodiscard]] bool release() const;
  [[nodiscard]] const delivery& content() const { return *content_; }
  /// Copies up to `room` bytes from `offset` on, 0 at the end. Blocks for a read of the store if the content is a payload's.
  [[nodiscard]] result<std::size_t> read(std::uint64_t offset, std::uint8_t* buffer, std::size_t room) const;

  /// Blocks that exist now in this process: what leaks if a plugin does not release.
  [[nodiscard]] static std::uint64_t alive();

private:
  /// The count: plugin's retains in the low bits, the host's hold far above them.
  static constexpr std::uint64_t host_hold = std::uint64_t{1} << 32;

  delivery_block(const queued_task& what, std::uint32_t attempt_number, std::int64_t deadline, std::string_view destination,
                 content_access access, const std::shared_ptr<handler_services>& services);
  ~delivery_block();
  void drop(std::uint64_t hold) const;

  delivery_ptr content_;
  std::shared_ptr<handler_services> services_;  ///< of a payload's only
  std::string ids_;                             ///< task, delivery, organization, destination, one after the other
  mutable std::atomic<std::uint64_t> holds_{host_hold};
};

}  // namespace waybill::core
