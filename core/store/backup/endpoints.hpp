// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string_view>

#include "core/store/backup/rows.hpp"
#include "core/store/store_settings.hpp"

namespace waybill::core {

/// Whether others may use a store while it is read. shared: one snapshot of it, beside a running node. exclusive: it is to be
/// left for another, so nobody may write to it any more; conflict if somebody has it open.
enum class source_use : std::uint8_t { shared = 1, exclusive };

/// A store to read from, by its URL as for open_store. Applies no migrations.
[[nodiscard]] result<std::unique_ptr<row_source>> open_source(std::string_view url, const server_settings& settings,
                                                              source_use use);
/// A store to be made: a place with no rows in it. conflict otherwise.
[[nodiscard]] result<std::unique_ptr<row_sink>> open_target(std::string_view url, const server_settings& settings);

}  // namespace waybill::core
