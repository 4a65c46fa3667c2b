// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace waybill::sdk::check {

/// Names a 64-bit ELF library gives to the dynamic linker (the defined symbols of .dynsym); empty for any other file.
[[nodiscard]] std::vector<std::string> exported_symbols(const std::string& path);

}  // namespace waybill::sdk::check
