// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include <waybill/result.hpp>
#include <waybill/transfer/record.hpp>

#include "config.hpp"
#include "pending.hpp"

namespace waybill::database {

/// What the outcome of an insert means for its delivery: README.md has the table. With its records.
[[nodiscard]] sdk::result judge(const pending_row& row, const config& settings, const transfer::redactor& secrets);
[[nodiscard]] sdk::result judge_test(const result<void>& how, const std::string& address, const config& settings,
                                     const transfer::redactor& secrets);

}  // namespace waybill::database
