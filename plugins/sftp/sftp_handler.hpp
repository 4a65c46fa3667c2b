// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include <waybill/handler.hpp>

#include "target.hpp"

namespace waybill::sftp {

/// The handler of one destination: plans where each delivery goes and hands it to its target. The host makes and closes it.
class sftp_handler final : public sdk::handler {
public:
  [[nodiscard]] static sdk::plugin_info info();
  static void validate(std::string_view config, sdk::fault_sink& faults);
  [[nodiscard]] static std::unique_ptr<sftp_handler> open(std::string_view config, sdk::handler_context context,
                                                          sdk::fault_sink& faults);

  sftp_handler(transfer::path_template folder, transfer::path_template filename, std::shared_ptr<target> to)
      : folder_(std::move(folder)), filename_(std::move(filename)), target_(std::move(to)) {}
  // A job that has just ended may hold the target for a moment longer.
  ~sftp_handler() override { target_->close(); }
  sftp_handler(const sftp_handler&) = delete;
  sftp_handler& operator=(const sftp_handler&) = delete;

  void test_connection(std::int64_t deadline_ms, sdk::completion&& done) override;
  void deliver(const sdk::delivery& what, sdk::completion&& done) override;
  void deliver_batch(std::vector<sdk::batch_item> items) override;
  void cancel(wb_token token) override;
  void drain(std::int64_t deadline_ms) override;

private:
  /// False if there is no path for it: then it has been answered.
  [[nodiscard]] bool add(const sdk::delivery& what, sdk::completion&& done, pending_uploads& to) const;

  transfer::path_template folder_;
  transfer::path_template filename_;
  std::shared_ptr<target> target_;
};

}  // namespace waybill::sftp
