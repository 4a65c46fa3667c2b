// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "gcs_session.hpp"

namespace waybill::storage {

/// The result of an answer that should hold the new object's resource: `r` with its reference, or a failure if it is another
/// object than the one that was sent.
[[nodiscard]] sdk::result judge_stored(const gcs_session& by, sdk::result r, const transfer::outcome& got,
                                       const new_object& what, const std::string& md5);

/// One resumable upload:
///   look for an interrupted one (worker) -> how far it came | MD5 of the whole (worker) -> begin -> note it (worker)
///   -> send the rest -> … -> strike it off (worker)
/// Google compares the object with its MD5 before anybody sees it. A failure that will be retried leaves the upload open, to be
/// taken up by the next attempt; cancellation or rejection ends it, and so does a failure of one that could not be noted. One
/// request at a time; held by it.
class gcs_upload : public std::enable_shared_from_this<gcs_upload> {
public:
  static void start(std::shared_ptr<gcs_session> to, call_ptr by, new_object what, store_client::done then);
  /// Ends an upload without an object. One that is gone counts as delivered.
  static void abort(const std::shared_ptr<gcs_session>& to, call_ptr by, const std::string& url, store_client::done then);

  gcs_upload(std::shared_ptr<gcs_session> to, call_ptr by, new_object what, store_client::done then);

private:
  void look_for_an_open_one();
  void forget(const open_upload& other);
  void ask_how_far();
  void hash();
  void begin();
  void begun(sdk::result r, const transfer::outcome& got);
  void note();
  void send_rest(std::uint64_t from);
  void answered(sdk::result r, const transfer::outcome& got, std::uint64_t from);
  void fail(sdk::result r);
  void finish(sdk::result r);

  const std::shared_ptr<gcs_session> to_;
  const call_ptr by_;
  const new_object what_;
  store_client::done then_;
  std::string url_;  ///< of the upload: whoever has it may write to it
  std::string md5_;  ///< empty: taken over, so it was told when it began
  bool noted_ = false;
  std::uint64_t sent_ = 0;
};

}  // namespace waybill::storage
