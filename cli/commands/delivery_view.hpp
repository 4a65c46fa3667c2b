// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <iosfwd>
#include <string>

#include "cli/commands/commands.hpp"

namespace waybill::cli {

/// Completed, failed or cancelled: nothing more will happen to it by itself.
[[nodiscard]] bool is_final_status(const std::string& status);

/// A delivery with its tasks and their attempts, for a person.
void print_delivery(std::ostream& out, const terminal& screen, const json& delivery);

/// Asks for the delivery until it is final or `timeout_seconds` (0: none) have gone by; `seen` gets every answer that differs
/// from the one before. The last answer is returned either way. Blocks.
[[nodiscard]] outcome<json> wait_for_delivery(context& where, const std::string& id, double timeout_seconds,
                                              const std::function<void(const json&)>& seen);

}  // namespace waybill::cli
