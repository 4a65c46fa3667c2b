// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "store_client.hpp"

namespace waybill::storage {

/// What a sweep did.
struct sweep_report {
  sdk::result result = sdk::result::delivered();  ///< why it ended early, if it did
  std::size_t deleted = 0;
  std::size_t failed = 0;  ///< could not be deleted, or looked at; the last reason is in `failure`
  std::string failure;
};

/// Deletes what a destination has written and what is older than a moment: every object under its prefixes, page by page, one
/// after the other. Only what carries the destination's mark is deleted; what is not its own is not touched.
class sweep : public std::enable_shared_from_this<sweep> {
public:
  using done = std::function<void(const sweep_report&)>;
  /// `owner`: value of owner_mark. `before_ms`: Unix time.
  static void start(std::shared_ptr<store_client> client, call_ptr by, std::vector<std::string> prefixes, std::string owner,
                    std::int64_t before_ms, done then);

  sweep(std::shared_ptr<store_client> client, call_ptr by, std::vector<std::string> prefixes, std::string owner,
        std::int64_t before_ms, done then);

private:
  void next_page();
  void next_object();
  void judge_owner(sdk::result r, stored_object what);
  void note_failure(const sdk::result& r);
  void end(sdk::result r);

  const std::shared_ptr<store_client> client_;
  const call_ptr by_;
  std::vector<std::string> prefixes_;  ///< left
  const std::string owner_;
  const std::int64_t before_ms_;
  done then_;
  listing page_;
  std::size_t taken_ = 0;  ///< of page_
  bool first_page_ = true;
  sweep_report report_;
};

}  // namespace waybill::storage
