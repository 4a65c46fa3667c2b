// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/model/delivery.hpp"
#include "core/model/id.hpp"

namespace waybill::core {

/// Lists within one column, the same in every engine: ids one after the other as their sixteen bytes, texts as a JSON array.

using task_target = std::pair<task_id, destination_id>;
[[nodiscard]] std::string pack_targets(const std::vector<task>& tasks);
[[nodiscard]] std::vector<task_target> unpack_targets(std::string_view packed);

[[nodiscard]] std::string pack_ids(const std::vector<destination_id>& ids);
[[nodiscard]] std::vector<destination_id> unpack_ids(std::string_view packed);

[[nodiscard]] std::string texts_to_json(const std::vector<std::string>& texts);
[[nodiscard]] std::vector<std::string> texts_from_json(std::string_view json);

/// `text` as a LIKE pattern (ESCAPE '\') for "contains".
[[nodiscard]] std::string contains_pattern(std::string_view text);
/// ASCII letters without case, as LIKE compares.
[[nodiscard]] bool contains_text(std::string_view whole, std::string_view part);

}  // namespace waybill::core
