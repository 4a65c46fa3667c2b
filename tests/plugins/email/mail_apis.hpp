// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "../node_program.hpp"

namespace waybill::testing {

/// mail_apis.cjs, with AWS's own check of signatures in front of SES. One for the process, started at first use.
class mail_apis {
public:
  static mail_apis& instance();
  [[nodiscard]] nlohmann::json provider(const std::string& type) const;
  /// A good configuration of each provider but `custom`.
  [[nodiscard]] std::vector<nlohmann::json> providers() const;
  [[nodiscard]] std::string url(const std::string& path) const { return apis_.url(path); }
  [[nodiscard]] nlohmann::json mails() const;
  void fail_next(int status, int retry_after_s) const;
  /// What the provider calls the mail with this number.
  [[nodiscard]] std::string reference_of(const std::string& type, std::size_t number) const;

private:
  mail_apis();
  node_program apis_;
  node_program gate_;
};

}  // namespace waybill::testing
