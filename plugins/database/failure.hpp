// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include <tl/expected.hpp>

namespace waybill::database {

enum class trouble : std::uint8_t {
  network = 1,     ///< no connection, or it broke
  guard,           ///< the network guard refused the address
  timeout,         ///< no answer in time
  canceled,        ///< nobody waits for it any more
  authentication,  ///< neither side could prove itself to the other: credentials, or TLS
  server,          ///< the server said no; see `sqlstate`
  read_only,       ///< the server takes no writes
  content,         ///< the content could not be read from the engine
  value            ///< the delivery has no row: a value is missing, or cannot be one
};

/// Why something did not come about. No secret in it.
struct failure {
  trouble what = trouble::network;
  std::string detail;
  std::string sqlstate;  ///< with trouble::server, five characters
};

/// After these the connection is of no more use.
[[nodiscard]] inline bool is_of_connection(const failure& why) {
  return why.what == trouble::network || why.what == trouble::timeout || why.what == trouble::canceled;
}

template <class T>
using result = tl::expected<T, failure>;

[[nodiscard]] inline tl::unexpected<failure> fail(trouble what, std::string detail, std::string sqlstate = {}) {
  return tl::unexpected<failure>{failure{what, std::move(detail), std::move(sqlstate)}};
}
[[nodiscard]] inline tl::unexpected<failure> fail(failure why) { return tl::unexpected<failure>{std::move(why)}; }

}  // namespace waybill::database
