// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "azure_session.hpp"

namespace waybill::storage {

/// Objects above this go in blocks.
inline constexpr std::uint64_t azure_single_put_bytes = std::uint64_t{16} * 1'048'576;
/// Of any blob (Azure's own limit).
inline constexpr std::uint32_t azure_most_blocks = 50'000;

/// Bytes of each block but the last: as configured, more if there would be too many.
[[nodiscard]] std::uint64_t block_size_for(std::uint64_t object_bytes, std::uint64_t wanted);

/// The name of a block, base64: of which content it is, cut into blocks of which size, and where it stands. So the blocks that
/// an interrupted attempt left behind are known again without having been noted, and blocks of another content are never
/// taken for them.
[[nodiscard]] std::string block_id(const transfer::sha256_bytes& content, std::uint64_t block_bytes, std::uint32_t index);

/// Headers of the request that creates a blob, whether whole or from blocks; but for its content type.
[[nodiscard]] name_values blob_headers(const azure_settings& settings, const new_object& what);

/// One upload in blocks:
///   which blocks are there already (Get Block List) -> lanes: hash the next block (worker), send it -> … -> commit the list
/// Nobody sees anything of it before the commit, which replaces the blob as a whole. A failure leaves the blocks to the next
/// attempt. Azure has no request to give them up: it drops blocks that were not committed within a week. Held by the requests
/// under way.
class azure_upload : public std::enable_shared_from_this<azure_upload> {
public:
  static void start(std::shared_ptr<azure_session> to, call_ptr by, new_object what, store_client::done then);

  azure_upload(std::shared_ptr<azure_session> to, call_ptr by, new_object what, store_client::done then);

private:
  void look_for_blocks();
  void run_lanes();
  void next_block();
  void send_block(std::uint32_t index, std::optional<std::string> md5);
  void lane_ends(sdk::result r);
  void commit();
  void finish(sdk::result r, const std::string& version);

  [[nodiscard]] std::uint64_t offset_of(std::uint32_t index) const { return index * block_bytes_; }
  [[nodiscard]] std::uint64_t size_of(std::uint32_t index) const;
  [[nodiscard]] std::string id_of(std::uint32_t index) const { return block_id(what_.bytes->sha256(), block_bytes_, index); }

  const std::shared_ptr<azure_session> to_;
  const call_ptr by_;
  const new_object what_;
  const std::uint64_t block_bytes_;
  store_client::done then_;

  std::mutex mutex_;
  std::vector<bool> taken_;  ///< guarded: there already, or being sent
  std::uint32_t lanes_ = 0;  ///< guarded: at work
  std::uint64_t sent_ = 0;   ///< guarded: bytes of blocks sent by this attempt
  sdk::result failure_;      ///< guarded: the first; `delivered` while there is none
};

}  // namespace waybill::storage
