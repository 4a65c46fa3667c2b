// SPDX-License-Identifier: Apache-2.0
#include "tests/api/fake_service.hpp"

#include <utility>

#include "tests/api/fake_service_reply.hpp"

namespace waybill::tests {

using namespace core;

fake_service::fake_service(answers how) : how_(how), thread_([this] { work(); }) {}

fake_service::~fake_service() {
  {
    std::lock_guard lock{mutex_};
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

std::vector<std::string> fake_service::calls() const {
  std::lock_guard lock{mutex_};
  return calls_;
}

caller fake_service::last_caller() const {
  std::lock_guard lock{mutex_};
  return caller_;
}

void fake_service::fail_next(error e) {
  std::lock_guard lock{mutex_};
  failure_ = std::move(e);
}

void fake_service::set_answers(answers how) {
  std::lock_guard lock{mutex_};
  how_ = how;
}

void fake_service::release() {
  std::deque<std::function<void()>> ready_now;
  {
    std::lock_guard lock{mutex_};
    ready_now.swap(waiting_);
  }
  for (auto& run : ready_now) run();
}

std::size_t fake_service::waiting() const {
  std::lock_guard lock{mutex_};
  return waiting_.size();
}

void fake_service::forget() {
  std::deque<std::function<void()>> dropped;
  std::lock_guard lock{mutex_};
  dropped.swap(waiting_);
}

void fake_service::work() {
  std::unique_lock lock{mutex_};
  while (!stopping_) {
    if (how_ != answers::from_a_thread || waiting_.empty()) {
      wake_.wait(lock);
      continue;
    }
    std::deque<std::function<void()>> burst;
    burst.swap(waiting_);
    lock.unlock();
    for (auto& run : burst) run();
    lock.lock();
  }
}

void fake_service::later(std::function<void()> run) {
  {
    std::lock_guard lock{mutex_};
    if (how_ != answers::at_once) {
      waiting_.push_back(std::move(run));
      wake_.notify_one();
      return;
    }
  }
  run();
}

void fake_service::note(const char* name, const caller& who) {
  note(name, who, [] {});
}

}  // namespace waybill::tests
