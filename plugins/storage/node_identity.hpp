// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include <waybill/transfer/endpoint.hpp>

namespace waybill::storage {

/// Does a cloud's metadata service live there: link-local, or one of the unique-local addresses that clouds use for it?
/// Address of 4 or 16 bytes, network order.
[[nodiscard]] bool is_metadata_address(const std::uint8_t* address, std::uint32_t size);

/// The guard of a way to a metadata server whose token will be sent to a URL that the configuration names. The node's own
/// identity must not go there, or a tenant could have it sent to himself: such a way never reaches a metadata address, even
/// where the operator has opened it, only a server that the configuration brings along.
[[nodiscard]] transfer::connect_guard never_the_nodes_own(transfer::connect_guard guard);

/// Could a configuration have what goes to the store read by somebody else: by another URL, a proxy, or an authority whose
/// certificates a proxy may show?
[[nodiscard]] bool leads_elsewhere(const std::string& endpoint, const transfer::endpoint_options& way);

}  // namespace waybill::storage
