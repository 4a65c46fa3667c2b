// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/plugin_host/handler.hpp"

namespace waybill::tests {

/// A plugin host with one type, "scripted", whose every attempt is answered by a function of the test. Records what was tried.
class scripted_plugins final : public core::plugin_host {
public:
  /// What to do with an attempt: complete, keep the completion for later, or throw as a broken engine would.
  using script = std::function<void(const core::delivery_call&, core::handler::completion)>;

  /// What to do with a batch: an answer per call.
  using batch_script = std::function<void(const std::vector<core::delivery_call>&, std::vector<core::handler::completion>)>;

  scripted_plugins() : type_(*this) {}

  /// From then on the type takes batches.
  void on_deliver_batch(batch_script s) {
    std::lock_guard lock(mutex_);
    batch_script_ = std::move(s);
    takes_batches_ = true;
  }
  /// How many tasks each batch had.
  [[nodiscard]] std::vector<std::size_t> batch_sizes() const {
    std::lock_guard lock(mutex_);
    return batch_sizes_;
  }

  void on_deliver(script s) {
    std::lock_guard lock(mutex_);
    script_ = std::move(s);
  }
  [[nodiscard]] std::map<std::string, int> attempts_by_task() const {
    std::lock_guard lock(mutex_);
    return attempts_;
  }
  [[nodiscard]] int attempts() const { return total_.load(); }
  [[nodiscard]] int opened() const { return opened_.load(); }
  [[nodiscard]] int cancelled() const { return cancelled_.load(); }

  core::result<const core::handler_type*> load(const std::string&) override {
    return core::fail(core::error_code::internal_error, "scripted");
  }
  std::vector<core::refused_plugin> load_folder(const std::string&) override { return {}; }
  [[nodiscard]] const core::handler_type* find(std::string_view type) const override {
    return type == "scripted" ? &type_ : nullptr;
  }
  [[nodiscard]] std::vector<const core::handler_type*> types() const override { return {&type_}; }
  [[nodiscard]] core::plugin_host_stats stats() const override { return {}; }

private:
  class scripted_handler final : public core::handler {
  public:
    explicit scripted_handler(scripted_plugins& owner) : owner_(owner) {}
    token deliver(core::delivery_call call, completion done) override {
      script s;
      {
        std::lock_guard lock(owner_.mutex_);
        ++owner_.attempts_[call.what.state.id.to_string()];
        s = owner_.script_;
      }
      ++owner_.total_;
      s(call, std::move(done));
      return ++last_;
    }
    std::vector<token> deliver_batch(std::vector<core::delivery_call> calls, std::vector<completion> done) override {
      batch_script s;
      std::vector<token> tokens;
      {
        std::lock_guard lock(owner_.mutex_);
        owner_.batch_sizes_.push_back(calls.size());
        for (const auto& call : calls) {
          ++owner_.attempts_[call.what.state.id.to_string()];
          tokens.push_back(++last_);
        }
        s = owner_.batch_script_;
      }
      owner_.total_ += static_cast<int>(calls.size());
      s(calls, std::move(done));
      return tokens;
    }
    token test_connection(core::mono_time, completion done) override {
      core::attempt_result fine;
      fine.action = core::attempt_action::delivered;
      done(fine);
      return ++last_;
    }
    void cancel(token) override { ++owner_.cancelled_; }
    [[nodiscard]] std::size_t outstanding() const override { return 0; }

  private:
    scripted_plugins& owner_;
    token last_ = 0;
  };

  class scripted_type final : public core::handler_type {
  public:
    explicit scripted_type(scripted_plugins& owner) : owner_(owner) {}
    [[nodiscard]] const std::string& type() const override { return name_; }
    [[nodiscard]] const std::string& title() const override { return name_; }
    [[nodiscard]] const std::string& version() const override { return name_; }
    [[nodiscard]] const std::string& path() const override { return name_; }
    [[nodiscard]] std::uint64_t features() const override { return 0; }
    [[nodiscard]] std::vector<std::string> feature_names() const override {
      return owner_.takes_batches_ ? std::vector<std::string>{"batch"} : std::vector<std::string>{};
    }
    [[nodiscard]] const nlohmann::json& config_schema() const override { return schema_; }
    [[nodiscard]] std::vector<core::field_fault> validate(const nlohmann::json&) const override { return {}; }
    [[nodiscard]] core::result<std::shared_ptr<core::handler>> open(const nlohmann::json&, core::destination_id,
                                                                    std::shared_ptr<core::handler_services>) const override {
      ++owner_.opened_;
      return std::make_shared<scripted_handler>(owner_);
    }

  private:
    scripted_plugins& owner_;
    std::string name_ = "scripted";
    nlohmann::json schema_ = nlohmann::json::parse(
        R"({"type":"object","properties":{"url":{"type":"string"},"apiKey":{"type":"string","x-secret":true}}})");
  };

  mutable std::mutex mutex_;
  script script_;
  batch_script batch_script_;
  std::atomic<bool> takes_batches_{false};
  std::vector<std::size_t> batch_sizes_;
  std::map<std::string, int> attempts_;
  std::atomic<int> total_{0};
  std::atomic<int> opened_{0};
  std::atomic<int> cancelled_{0};
  scripted_type type_;
};

inline core::attempt_result outcome(core::attempt_action action,
                                    core::failure_category category = core::failure_category::none) {
  core::attempt_result r;
  r.action = action;
  r.category = category;
  return r;
}
inline core::attempt_result delivered() { return outcome(core::attempt_action::delivered); }
inline core::attempt_result unreachable() { return outcome(core::attempt_action::retry, core::failure_category::network); }

}  // namespace waybill::tests
