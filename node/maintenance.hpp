// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "core/config/config.hpp"
#include "core/model/error.hpp"

/// What waybilld does with a store instead of serving it. Each answers what was done, in a line for the operator.
namespace waybill::node {

/// The settings' store into a file, from one snapshot; a node may run on it.
[[nodiscard]] core::result<std::string> back_up(const core::config& settings, const std::string& file);

/// A file's rows into the settings' store, which must be empty and not in use. All of them or none.
[[nodiscard]] core::result<std::string> restore(const core::config& settings, const std::string& file);

/// Everything of one store into another, empty one; neither may be in use. A URL, or a word: `sqlite` is the file in the data
/// folder, `postgres` the store that the settings name. The first store stays as it is.
[[nodiscard]] core::result<std::string> move_store(const core::config& settings, const std::string& from,
                                                   const std::string& to);

}  // namespace waybill::node
