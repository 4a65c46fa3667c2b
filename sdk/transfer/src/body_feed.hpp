// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include <waybill/transfer/body.hpp>

namespace waybill::transfer {

/// Carries a body source to a transfer: the worker thread fills a chunk while the reactor thread sends the one before, so
/// neither a slow store nor a slow peer holds up the reactor, and memory stays at two chunks however large the body is.
/// Made for one try of an exchange; shared by its transfer and by the worker's job, whichever ends later. A source may pass
/// from a closed feed to a new one: the worker's one thread keeps their reads apart, and each feed starts with a rewind.
class body_feed : public std::enable_shared_from_this<body_feed> {
public:
  using runner = std::function<void(std::function<void()>)>;

  /// `offload` runs a job on the worker. `ready` is called there when a taker that found nothing may ask again.
  body_feed(std::shared_ptr<body_source> source, runner offload, std::function<void()> ready);

  enum class state : std::uint8_t { bytes = 1, wait, end, failed };
  struct taken {
    state what;
    std::size_t size;
  };
  /// Copies up to `room` bytes. THREAD: reactor. Never blocks.
  [[nodiscard]] taken take(char* buffer, std::size_t room);
  /// The next byte taken is the first again. THREAD: reactor. Never blocks.
  void rewind();
  /// No `ready` comes after this returned, unless one is being called just now.
  void close();
  [[nodiscard]] std::optional<std::uint64_t> size() const { return source_->size(); }

private:
  struct chunk {
    std::vector<char> bytes;
    std::size_t size = 0;
    std::size_t sent = 0;
  };
  void ask();   ///< under the lock
  void fill();  ///< worker
  bool read_into(std::vector<char>& bytes, std::size_t& size, bool rewinds);

  std::shared_ptr<body_source> source_;
  runner offload_;
  std::function<void()> ready_;
  std::mutex mutex_;
  chunk front_;  ///< being sent; reactor only
  chunk back_;   ///< filled, waits; guarded
  bool filling_ = false;
  bool waiting_ = false;  ///< the taker has been told to wait
  bool ended_ = false;
  bool failed_ = false;
  bool rewinds_ = true;
  bool closed_ = false;
  std::uint64_t generation_ = 0;  ///< counts rewinds: what was read before one is dropped
};

}  // namespace waybill::transfer
