// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "api/connection_gate.hpp"

#include <asio/ip/tcp.hpp>

namespace waybill::api {

/// Ends a connection whose last answer has been written but whose client may still send: says that nothing more comes, then
/// reads and forgets until the client closes, two seconds are over or it sent 64 MiB. A close with unread input makes the
/// kernel reset the connection, and the client may never see the answer (RFC 9112 section 9.6). Counts as a connection until
/// then.
void close_lingering(asio::ip::tcp::socket socket, connection_permit permit);

}  // namespace waybill::api
