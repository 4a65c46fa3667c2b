// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/model/error.hpp"
#include "core/plugin_host/blocking_pool.hpp"

#include <waybill/plugin.h>

namespace waybill::core {

/// One call of validate or open, run on a pool under a time limit. Owned by the caller and by the job, so a plugin that
/// comes back late writes into memory that is still there. Collects the faults the plugin reports through the sink.
class hook_call : public std::enable_shared_from_this<hook_call> {
public:
  enum class ending : std::uint8_t { returned = 1, threw, overran };
  using body = std::function<std::uint32_t(wb_str config, wb_fault_sink sink, void* sink_ctx)>;

  /// `config` holds secrets in clear: it is wiped at the end.
  explicit hook_call(std::string config) : config_(std::move(config)) {}
  ~hook_call();
  hook_call(const hook_call&) = delete;
  hook_call& operator=(const hook_call&) = delete;

  /// `if_late` runs on the pool when the call comes back after the limit.
  [[nodiscard]] ending run(blocking_pool& pool, std::chrono::milliseconds limit, body call, std::function<void()> if_late);

  /// Valid after `returned` or `threw`.
  [[nodiscard]] std::uint32_t status() const { return status_; }
  [[nodiscard]] const std::string& thrown() const { return thrown_; }
  [[nodiscard]] std::vector<field_fault> take_faults();

private:
  enum class stage : std::uint8_t { under_way = 1, ended, abandoned };

  void perform(const body& call);
  static void sink(void* self, wb_str pointer, wb_str rule, wb_str message);

  std::string config_;
  std::uint32_t status_ = 0;
  std::string thrown_;
  std::mutex lock_;
  std::vector<field_fault> faults_;
  stage stage_ = stage::under_way;
};

}  // namespace waybill::core
