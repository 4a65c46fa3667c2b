// SPDX-License-Identifier: Apache-2.0
#include "smtp_pool.hpp"

#include <pthread.h>

#include <chrono>
#include <exception>
#include <thread>
#include <utility>

#include <asio/executor_work_guard.hpp>
#include <asio/post.hpp>

namespace waybill::email {
namespace {

using clock = std::chrono::steady_clock;

constexpr std::size_t most_idle = 64;
// Below what servers allow (RFC 5321 section 4.5.3.2.7: five minutes) and what firewalls forget.
constexpr auto longest_idle = std::chrono::seconds{60};

void run(asio::io_context& io) {
  const auto stays = asio::make_work_guard(io);
  for (;;) {
    try {
      io.run();
      return;
    } catch (const std::exception&) {
      // A handler that ran out of memory has dropped its call, whose completion answers for itself.
    }
  }
}

/// Did a session that had been idle turn out to be over, before anything of the mail was accepted?
[[nodiscard]] bool was_stale(const smtp_outcome& outcome) {
  return outcome.stage == smtp_stage::sender && outcome.recipients.empty() &&
         (outcome.fault.how == transfer::ending::broken || outcome.reply.code == 421);
}

}  // namespace

asio::io_context& smtp_thread() {
  static auto* const io = [] {
    auto* const made = new asio::io_context{1};
    std::thread thread{[made] { run(*made); }};
    pthread_setname_np(thread.native_handle(), "wb-smtp");
    thread.detach();
    return made;
  }();
  return *io;
}

smtp_pool::smtp_pool(std::shared_ptr<const smtp_way> way, smtp_session::offloader offload)
    : way_(std::move(way)), offload_(std::move(offload)), sweep_(smtp_thread()) {}

std::shared_ptr<smtp_session> smtp_pool::take_idle() {
  while (!idle_.empty()) {
    auto session = std::move(idle_.back().session);
    idle_.pop_back();
    if (session->usable()) return session;
    session->abort({transfer::ending::broken, "no longer usable"});
  }
  return nullptr;
}

std::shared_ptr<smtp_session> smtp_pool::make() const { return std::make_shared<smtp_session>(smtp_thread(), way_, offload_); }

void smtp_pool::give_back(std::shared_ptr<smtp_session> session) {
  if (closed_ || !session->usable() || session->mails() >= way_->settings.messages_per_connection || idle_.size() >= most_idle)
    return session->quit();
  idle_.push_back({std::move(session), clock::now()});
  sweep_later();
}

void smtp_pool::sweep_later() {
  if (std::exchange(sweeping_, true)) return;
  sweep_.expires_at(idle_.front().since + longest_idle);
  sweep_.async_wait([self = shared_from_this()](const std::error_code& error) {
    self->sweeping_ = false;
    if (error) return;
    const auto limit = clock::now() - longest_idle;
    while (!self->idle_.empty() && self->idle_.front().since <= limit) {
      self->idle_.front().session->quit();
      self->idle_.erase(self->idle_.begin());
    }
    if (!self->idle_.empty()) self->sweep_later();
  });
}

void smtp_pool::close() {
  asio::post(smtp_thread(), [self = shared_from_this()] {
    self->closed_ = true;
    self->sweep_.cancel();
    for (auto& one : self->idle_) one.session->quit();
    self->idle_.clear();
  });
}

smtp_call::smtp_call(std::shared_ptr<smtp_pool> pool, clock::time_point deadline, ended then)
    : pool_(std::move(pool)), then_(std::move(then)), timer_(smtp_thread()), deadline_(deadline) {}

void smtp_call::start(std::string token, std::shared_ptr<const smtp_mail> what) {
  asio::post(smtp_thread(), [self = shared_from_this(), token = std::move(token), what = std::move(what)]() mutable {
    self->token_ = std::move(token);
    self->mail_ = std::move(what);
    self->timer_.expires_at(self->deadline_);
    self->timer_.async_wait([weak = self->weak_from_this()](const std::error_code& error) {
      const auto call = weak.lock();
      if (!error && call && call->session_)
        call->session_->abort({transfer::ending::timed_out, "the server did not answer in time"});
    });
    if (self->aborted_) return self->over({smtp_stage::connect, self->aborted_, {}, {}, {}, 0});
    self->begin();
  });
}

void smtp_call::abort(channel_fault why) {
  asio::post(smtp_thread(), [self = shared_from_this(), why = std::move(why)] {
    self->aborted_ = why;
    if (self->session_) self->session_->abort(why);
  });
}

void smtp_call::begin() {
  // A test is to show that a connection can be made now.
  const bool fresh = reused_ || mail_->recipients.empty();
  session_ = fresh ? nullptr : pool_->take_idle();
  reused_ = session_ != nullptr;
  if (reused_) return send();
  session_ = pool_->make();
  session_->open(token_, [self = shared_from_this()](smtp_outcome outcome) {
    if (!outcome.good()) return self->over(std::move(outcome));
    self->send();
  });
}

void smtp_call::send() {
  auto then = [self = shared_from_this()](smtp_outcome outcome) {
    if (!self->reused_ || self->aborted_ || !was_stale(outcome)) return self->over(std::move(outcome));
    self->session_->quit();
    self->begin();
  };
  if (mail_->recipients.empty())
    session_->probe(mail_->sender, std::move(then));
  else
    session_->send(mail_, std::move(then));
}

void smtp_call::over(smtp_outcome outcome) {
  timer_.cancel();
  std::string protection;
  if (session_) {
    protection = session_->protection();
    pool_->give_back(std::move(session_));
  }
  auto then = std::exchange(then_, nullptr);
  if (then) then(outcome, protection);
}

}  // namespace waybill::email
