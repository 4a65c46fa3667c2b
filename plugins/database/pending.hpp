// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <waybill/handler.hpp>

#include "failure.hpp"
#include "mapping.hpp"

namespace waybill::database {

/// One call, kept until it is answered.
struct pending_row {
  sdk::retained_delivery what;
  sdk::completion done;
  std::optional<result<void>> outcome;  ///< set once nothing more is to be done for it
  std::vector<bound> values;            ///< made when its turn comes
  std::string address;
  std::string reference;
  std::size_t together = 1;  ///< rows of the statement that decided
  bool was_there = false;    ///< the row had been inserted before

  [[nodiscard]] bool over() const { return outcome.has_value(); }
  void end(result<void> how) {
    if (!outcome) outcome = std::move(how);
  }
};
using pending_rows = std::vector<pending_row>;

}  // namespace waybill::database
