// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace waybill::node {

/// Set by the build from the project's version.
inline constexpr const char* version = WAYBILL_VERSION;

}  // namespace waybill::node
