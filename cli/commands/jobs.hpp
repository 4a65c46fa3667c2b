// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/commands/commands.hpp"

namespace waybill::cli {

/// One line for a person: what the job is, how far it came, how it ended.
[[nodiscard]] std::string job_line(const json& job);

/// Shows a progress bar until the job has ended, and gives it as it is then. A node that restarts meanwhile is asked again; a
/// job that somebody pauses goes on being waited for.
[[nodiscard]] outcome<json> wait_for_job(context& where, json job);

/// ok for a job that is completed, failed for one that was cancelled or failed.
[[nodiscard]] exit_code code_of_job(const json& job);

}  // namespace waybill::cli
