// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "s3_session.hpp"

namespace waybill::storage {

/// Objects above this go in parts.
inline constexpr std::uint64_t single_put_bytes = std::uint64_t{16} * 1'048'576;
/// Of any upload (S3's own limit).
inline constexpr std::uint32_t most_parts = 10'000;

/// Bytes of each part but the last: as configured, more if there would be too many.
[[nodiscard]] std::uint64_t part_size_for(std::uint64_t object_bytes, std::uint64_t wanted);

/// Headers of the request that creates an object, whether whole or in parts.
[[nodiscard]] name_values object_headers(const s3_settings& settings, const new_object& what);

/// One multipart upload:
///   look for an interrupted one (worker) -> its parts (ListParts) | create -> note it (worker)
///   -> lanes: hash the next part (worker), send it -> … -> complete -> strike it off (worker)
/// A failure that will be retried leaves it open, to be taken up by the next attempt; cancellation or rejection aborts it, and
/// so does a failure that could not be noted. Held by the requests under way.
class s3_upload : public std::enable_shared_from_this<s3_upload> {
public:
  static void start(std::shared_ptr<s3_session> to, call_ptr by, new_object what, store_client::done then);
  /// Ends an upload without an object. `then` gets the result; one that is gone counts as delivered.
  static void abort(const std::shared_ptr<s3_session>& to, call_ptr by, const std::string& key, const std::string& upload_id,
                    store_client::done then);

  s3_upload(std::shared_ptr<s3_session> to, call_ptr by, new_object what, store_client::done then);

private:
  struct part {
    std::string etag;  ///< empty: not there yet
    std::string checksum;
    bool taken = false;
  };

  void look_for_an_open_one();
  void forget(const open_upload& other);
  void ask_for_parts(const std::string& after);
  void take_over(const part_listing& page);
  void create();
  void note();
  void run_lanes();
  void next_part();
  void hash_part(std::uint32_t index, std::shared_ptr<transfer::sha256_hasher> hasher, std::uint64_t done);
  void send_part(std::uint32_t index, const transfer::sha256_bytes& hash);
  void part_sent(std::uint32_t index, const std::string& checksum, sdk::result r, const transfer::outcome& got);
  void lane_ends(sdk::result r);
  void complete();
  void completed(sdk::result r, const transfer::outcome& got);
  void fail(sdk::result r);
  void finish(sdk::result r);

  [[nodiscard]] std::uint64_t offset_of(std::uint32_t index) const { return index * part_bytes_; }
  [[nodiscard]] std::uint64_t size_of(std::uint32_t index) const;
  [[nodiscard]] std::string query(std::string_view more = {}) const;

  const std::shared_ptr<s3_session> to_;
  const call_ptr by_;
  const new_object what_;
  const std::uint64_t part_bytes_;
  store_client::done then_;
  std::string upload_id_;
  bool noted_ = false;       ///< in the ledger: may be left open
  bool taken_over_ = false;  ///< was open when this began

  std::mutex mutex_;
  std::vector<part> parts_;  ///< guarded
  std::uint32_t lanes_ = 0;  ///< guarded: at work
  std::uint64_t sent_ = 0;   ///< guarded: bytes of parts sent by this attempt
  sdk::result failure_;      ///< guarded: the first; `delivered` while there is none
};

}  // namespace waybill::storage
