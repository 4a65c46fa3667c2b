// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "api/http_socket.hpp"

namespace waybill::api {

struct api_context;

/// The whole answer to a request that was refused while it was still being read: a problem like any other, and the end of the
/// connection. Counted in the metrics under the route "(unread)".
[[nodiscard]] std::string last_words(wire_fault fault, api_context& context);

}  // namespace waybill::api
