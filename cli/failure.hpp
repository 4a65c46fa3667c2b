// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <tl/expected.hpp>

namespace waybill::cli {

/// What the program ends with; README.md is the contract.
enum class exit_code : int {
  ok = 0,
  failed = 1,       ///< something here went wrong, or a delivery waited for did not arrive
  usage = 2,        ///< the command line makes no sense
  refused = 3,      ///< the node answered, and said no
  unreachable = 4,  ///< no answer from the node
};

/// Why a command ends early. Never holds the key.
struct failure {
  exit_code code = exit_code::failed;
  std::string text;     ///< for a person; may have several lines
  std::string problem;  ///< the node's problem+json as it came, for --json; empty if it did not come from the node
};

template <class T>
using outcome = tl::expected<T, failure>;

[[nodiscard]] inline tl::unexpected<failure> fail(exit_code code, std::string text) {
  return tl::unexpected<failure>(failure{code, std::move(text), {}});
}

}  // namespace waybill::cli
