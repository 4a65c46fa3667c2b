// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "attempt.hpp"
#include "smtp_pool.hpp"

namespace waybill::email {

/// An attempt over SMTP. A server may take a mail for some recipients and refuse it for others: who has it is remembered in
/// the host's store, so that another attempt of the same task goes to the rest only.
class smtp_attempt final : public attempt {
public:
  using attempt::attempt;

protected:
  [[nodiscard]] bool remembers() const override { return what_ && what_.attempt() > 1; }
  void recall() override;
  [[nodiscard]] bool build() override;
  void transmit() override;
  void interrupt() override;

private:
  void answered(const smtp_outcome& what, const std::string& protection);
  void remember(sdk::result r);
  [[nodiscard]] std::string state_key() const;
  [[nodiscard]] std::string request_text() const;
  [[nodiscard]] std::string response_text(const smtp_outcome& what, const std::string& protection) const;

  std::shared_ptr<smtp_mail> out_;
  std::string message_;            ///< if it is in memory
  std::set<std::string> reached_;  ///< recipients that have the mail, as digests
  std::size_t reached_before_ = 0;
  std::mutex mutex_;
  std::shared_ptr<smtp_call> call_;  ///< guarded
};

}  // namespace waybill::email
