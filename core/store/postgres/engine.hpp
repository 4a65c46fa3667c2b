// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/store/postgres/statement.hpp"

namespace waybill::core::postgres {

/// What the parts that are the same for every engine need to know of this one.
struct engine {
  using connection = postgres::connection;
  using statement = postgres::statement;
  using rows = postgres::rows;
  using text_or_null = postgres::text_or_null;
  using blob_view = postgres::blob_view;
};

}  // namespace waybill::core::postgres
