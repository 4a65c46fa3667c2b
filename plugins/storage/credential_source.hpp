// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <waybill/host_gate.hpp>
#include <waybill/result.hpp>
#include <waybill/transfer/sigv4.hpp>

#include "call.hpp"
#include "s3_answers.hpp"
#include "s3_config.hpp"

namespace waybill::storage {

/// The credentials that sign a destination's requests to S3. Fixed ones are there at once; those of a role are fetched once
/// for all who wait, kept in memory, and fetched anew five minutes before they end. Thread-safe; nothing blocks.
class credential_source : public std::enable_shared_from_this<credential_source> {
public:
  /// Gets the credentials, or why there are none (a result that is not `delivered`). Once, on any thread, perhaps at once.
  using waiter = std::function<void(const transfer::aws_credentials& key, const sdk::result& why)>;

  /// `way`: how connections are made, without a URL. `region`: of the bucket, and so of STS.
  credential_source(s3_credentials settings, const std::string& region, transfer::endpoint_options way,
                    std::chrono::milliseconds timeout, std::shared_ptr<sdk::host_gate> host);

  /// `refused`: an access key id that the store would not take any more; another is fetched. Empty: none.
  void get(const std::string& refused, waiter then);
  /// Can another key come of asking again?
  [[nodiscard]] bool renews() const { return settings_.kind != s3_credentials_kind::access_key; }

private:
  void fetch();
  void ask_sts(const std::string& action, const std::string& form, bool sign);
  void ask_web_identity();
  void ask_container();
  void ask_instance();
  void ask_instance_role(const std::string& token);
  void ask_instance_key(const std::string& token, const std::string& role);
  void ask(call::request what, std::string doing, const call::finisher& finish,
           std::function<void(const transfer::outcome&)> then);
  void settle(std::optional<temporary_credentials> found, sdk::result why);
  void fail(sdk::category why, std::string detail);

  const s3_credentials settings_;
  const transfer::endpoint_ptr endpoint_;
  const std::chrono::milliseconds timeout_;
  const std::shared_ptr<sdk::host_gate> host_;
  std::string sts_url_;
  transfer::sigv4_signer sts_signer_;

  std::mutex mutex_;
  temporary_credentials found_;  ///< guarded
  std::vector<waiter> waiters_;  ///< guarded
  bool fetching_ = false;        ///< guarded
};

}  // namespace waybill::storage
