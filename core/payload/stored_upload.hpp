// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "core/payload/body_digest.hpp"
#include "core/payload/chunk_packing.hpp"
#include "core/payload/json_validator.hpp"
#include "core/payload/payload_intake.hpp"

namespace waybill::core {

/// What all uploads of a node share; outlives them by being theirs too.
struct payload_intake::shared {
  shared(store_writer& w, const clock& t, options s) : writer(w), time(t), settings(s) {}
  /// To be asked in the writer's job: it may have waited.
  [[nodiscard]] utc_time lease_end() const { return time.now() + settings.lease; }

  store_writer& writer;
  const clock& time;
  const options settings;
  blocking_pool thread{1, 0};
  std::atomic<std::size_t> under_way{0};
  std::atomic<bool> stopped{false};
};

/// One upload. Its own part runs on the intake's one thread, in the order of the calls; the store's answers come on the
/// writer's. The first failure is remembered, so that nothing is stored behind a gap.
class payload_intake::upload : public std::enable_shared_from_this<upload> {
public:
  upload(std::shared_ptr<shared> with, payload arriving);
  upload(const upload&) = delete;
  upload& operator=(const upload&) = delete;

  void append(std::string bytes, std::function<void(result<void>)> done);
  void finish(std::optional<sha256_digest> expected, std::function<void(result<payload>)> done);
  /// Its owner is gone: unless it was finished, nothing of it stays.
  void dropped();

private:
  using answer = std::function<void(result<void>)>;
  template <class Work, class Refuse>
  void on_thread(Work work, Refuse refuse);
  [[nodiscard]] result<void> take(std::string_view bytes);
  void store(std::string bytes, answer done);
  void store_chunk(std::string&& content, answer done);
  void store_last(std::function<void(result<payload>)> done);
  [[nodiscard]] result<void> check_end(const std::optional<sha256_digest>& expected);
  /// Keeps the first failure, which then answers all that comes behind it.
  void keep_failure(const error& why);
  [[nodiscard]] std::optional<error> failure() const;

  const std::shared_ptr<shared> shared_;
  payload arriving_;
  const bool is_json_;
  std::atomic<bool> finished_{false};
  mutable std::mutex lock_;
  std::optional<error> failure_;  ///< the first, guarded

  // The intake's thread only.
  body_digest digest_;
  json_validator json_;
  chunk_packer packer_;
  std::string gathered_;  ///< less than a chunk
  std::uint32_t next_chunk_ = 0;
};

}  // namespace waybill::core
