// SPDX-License-Identifier: Apache-2.0
#include "core/plugin_host/hook_call.hpp"

#include <exception>
#include <utility>

#include <openssl/crypto.h>

#include "core/plugin_host/foreign_text.hpp"
#include "core/plugin_host/host_counters.hpp"

namespace waybill::core {
namespace {

/// A plugin in a loop must not fill the memory, nor an answer to a client.
constexpr std::size_t max_faults = 100;
constexpr std::size_t max_pointer_bytes = 512;
constexpr std::size_t max_rule_bytes = 64;
constexpr std::size_t max_message_bytes = 1'024;

}  // namespace

hook_call::~hook_call() { OPENSSL_cleanse(config_.data(), config_.size()); }

void hook_call::sink(void* self, wb_str pointer, wb_str rule, wb_str message) {
  if (self == nullptr) return;
  auto& call = *static_cast<hook_call*>(self);
  try {
    field_fault fault{clean_text(pointer, max_pointer_bytes), clean_text(rule, max_rule_bytes),
                      clean_text(message, max_message_bytes)};
    std::lock_guard hold{call.lock_};
    if (call.faults_.size() < max_faults) call.faults_.push_back(std::move(fault));
  } catch (...) {  // out of memory: a fault less, and no exception across the line
  }
}

void hook_call::perform(const body& call) {
  try {
    status_ = call(view_of(config_), &hook_call::sink, this);
    return;
  } catch (const std::exception& e) {
    thrown_ = clean_text(std::string_view{e.what()}, max_message_bytes);
    if (thrown_.empty()) thrown_ = "an exception without a text";
  } catch (...) {
    thrown_ = "an exception that is not a std::exception";
  }
  count(counters().plugin_faults);
}

hook_call::ending hook_call::run(blocking_pool& pool, std::chrono::milliseconds limit, body call,
                                 std::function<void()> if_late) {
  const auto job = [self = shared_from_this(), call = std::move(call), if_late = std::move(if_late)] {
    self->perform(call);
    std::unique_lock hold{self->lock_};
    if (self->stage_ != stage::abandoned) {
      self->stage_ = stage::ended;
      return;
    }
    hold.unlock();
    if_late();
  };
  (void)pool.run_within(limit, job);
  std::lock_guard hold{lock_};
  if (stage_ == stage::ended) return thrown_.empty() ? ending::returned : ending::threw;
  stage_ = stage::abandoned;
  return ending::overran;
}

std::vector<field_fault> hook_call::take_faults() {
  std::lock_guard hold{lock_};
  return std::exchange(faults_, {});
}

}  // namespace waybill::core
