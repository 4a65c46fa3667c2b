// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>

#include "pending.hpp"
#include "resume_book.hpp"
#include "sftp_client.hpp"

namespace waybill::sftp {

/// The writes of one large file that are in flight. Their answers are taken in the order of the file, so what is confirmed has
/// no holes; now and then it is written down, for the attempt that goes on after a crash.
class write_window {
public:
  /// from: where this attempt begins. book: nullptr if the upload is not one to go on with.
  write_window(sftp_client& client, const pending_upload& item, std::uint64_t from, resume_book* book)
      : client_(client), item_(item), book_(book), sent_(from), confirmed_(from), saved_(from) {}
  /// Answers that were not taken are of no interest any more, though the session may go on.
  ~write_window();
  write_window(const write_window&) = delete;
  write_window& operator=(const write_window&) = delete;

  /// A write that ends at `end` of the file.
  void add(request_id id, std::uint64_t end) {
    flight_.push_back({id, end});
    sent_ = end;
  }
  /// Takes answers until no more than so many bytes are in flight.
  [[nodiscard]] result<void> shrink_to(std::uint64_t bytes, const patience& how_long);
  /// Writes down what is confirmed.
  void save();

private:
  struct flying {
    request_id id;
    std::uint64_t end;
  };
  sftp_client& client_;
  const pending_upload& item_;
  resume_book* book_;
  std::deque<flying> flight_;
  std::uint64_t sent_;
  std::uint64_t confirmed_;
  std::uint64_t saved_;
};

}  // namespace waybill::sftp
