// SPDX-License-Identifier: Apache-2.0
#include "core/store/postgres/unnested.hpp"

#include <catch2/catch.hpp>

using namespace waybill::core::postgres;

TEST_CASE("the columns of a batch are named in their order, from any parameter on") {
  CHECK(unnest_each("id") == "unnest($1) AS id");
  CHECK(unnest_each("id, due,state", 9) == "unnest($9) AS id, unnest($10) AS due, unnest($11) AS state");
  CHECK(unnest_each("").empty());
  CHECK(unnested("id, due", 2) == "(SELECT unnest($2) AS id, unnest($3) AS due) AS u");
}
