// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <waybill/handler.hpp>

#include "failure.hpp"

namespace waybill::sftp {

/// Where one delivery goes.
struct upload_plan {
  std::string folder;     ///< may be empty: the user's home folder
  std::string path;       ///< with the file's name
  std::string temporary;  ///< the same for every attempt of the task, and of no other task
};

/// What became of it, beside its failure.
struct upload_facts {
  std::string address;
  std::uint64_t bytes_sent = 0;
  std::uint64_t resumed_from = 0;
  bool content_checked = false;
  bool was_there = false;  ///< an earlier attempt had done it
};

/// One call, kept until it is answered.
struct pending_upload {
  sdk::retained_delivery what;
  sdk::completion done;
  upload_plan plan;
  upload_facts facts;
  std::optional<result<void>> outcome;  ///< set once nothing more is to be done for it
  std::string handle;                   ///< of the temporary file, while it is open
  std::uint32_t request = 0;            ///< in flight, whichever the step's is

  [[nodiscard]] bool over() const { return outcome.has_value(); }
  void end(result<void> how) {
    if (!outcome) outcome = std::move(how);
  }
};
using pending_uploads = std::vector<pending_upload>;

/// A file that goes out in one go with others: in memory, and small enough to be in flight as a whole.
constexpr std::uint64_t largest_small = 262'144;
[[nodiscard]] inline bool is_small(const sdk::delivery& what) { return what.in_memory() && what.size() <= largest_small; }

}  // namespace waybill::sftp
