// SPDX-License-Identifier: Apache-2.0
#include "body_feed.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace waybill::transfer {
namespace {

// Large enough that a wake-up per chunk is nothing, small enough for many at once.
constexpr std::size_t chunk_bytes = std::size_t{128} * 1'024;

}  // namespace

body_feed::body_feed(std::shared_ptr<body_source> source, runner offload, std::function<void()> ready)
    : source_(std::move(source)), offload_(std::move(offload)), ready_(std::move(ready)) {}

body_feed::taken body_feed::take(char* buffer, std::size_t room) {
  if (front_.sent == front_.size) {
    const std::lock_guard lock{mutex_};
    if (failed_) return {state::failed, 0};
    if (back_.size == 0) {
      if (ended_) return {state::end, 0};
      waiting_ = true;
      ask();
      return {state::wait, 0};
    }
    std::swap(front_, back_);
    back_.size = back_.sent = 0;
    ask();
  }
  const auto size = std::min(room, front_.size - front_.sent);
  std::memcpy(buffer, front_.bytes.data() + front_.sent, size);
  front_.sent += size;
  return {state::bytes, size};
}

void body_feed::rewind() {
  const std::lock_guard lock{mutex_};
  ++generation_;
  front_.size = front_.sent = back_.size = back_.sent = 0;
  ended_ = false;
  failed_ = false;
  rewinds_ = true;
}

void body_feed::close() {
  const std::lock_guard lock{mutex_};
  closed_ = true;
}

void body_feed::ask() {
  if (filling_ || ended_ || closed_) return;
  filling_ = true;
  offload_([self = shared_from_this()] { self->fill(); });
}

void body_feed::fill() {
  std::unique_lock lock{mutex_};
  if (closed_) return;
  const auto generation = generation_;
  const bool rewinds = std::exchange(rewinds_, false);
  std::vector<char> bytes = std::move(back_.bytes);
  lock.unlock();
  std::size_t size = 0;
  const bool good = read_into(bytes, size, rewinds);
  lock.lock();
  filling_ = false;
  if (generation == generation_) {
    failed_ = !good;
    ended_ = good && size == 0;
    back_.bytes = std::move(bytes);
    back_.size = size;
    back_.sent = 0;
  } else if (waiting_ && !closed_) {
    ask();
    return;
  }
  const bool tells = std::exchange(waiting_, false) && !closed_;
  lock.unlock();
  if (tells) ready_();
}

bool body_feed::read_into(std::vector<char>& bytes, std::size_t& size, bool rewinds) {
  if (rewinds && !source_->rewind()) return false;
  bytes.resize(chunk_bytes);
  while (size < chunk_bytes) {
    const auto got = source_->read(bytes.data() + size, chunk_bytes - size);
    if (!got) return false;
    if (*got == 0) break;
    size += *got;
  }
  return true;
}

}  // namespace waybill::transfer
