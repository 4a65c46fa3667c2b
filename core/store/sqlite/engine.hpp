// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/store/sqlite/statement.hpp"

namespace waybill::core::sqlite {

/// What the parts that are the same for every engine need to know of this one.
struct engine {
  using connection = sqlite::database;
  using statement = sqlite::statement;
  using rows = sqlite::rows;
  using text_or_null = sqlite::text_or_null;
  using blob_view = sqlite::blob_view;
};

}  // namespace waybill::core::sqlite
