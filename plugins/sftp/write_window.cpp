// SPDX-License-Identifier: Apache-2.0
#include "write_window.hpp"

namespace waybill::sftp {
namespace {

constexpr std::uint64_t saved_every = 67'108'864;

}  // namespace

write_window::~write_window() {
  for (const auto& one : flight_) client_.forget(one.id);
}

result<void> write_window::shrink_to(std::uint64_t bytes, const patience& how_long) {
  while (sent_ - confirmed_ > bytes) {
    const auto [id, end] = flight_.front();
    const auto wrote = client_.done(id, how_long, "the file cannot be written");
    if (!wrote) return wrote;
    flight_.pop_front();
    confirmed_ = end;
    if (confirmed_ - saved_ >= saved_every) save();
  }
  return {};
}

void write_window::save() {
  if (book_ == nullptr || confirmed_ <= saved_) return;
  saved_ = confirmed_;
  book_->save(item_.what.task_id(), item_.plan.temporary, confirmed_);
}

}  // namespace waybill::sftp
