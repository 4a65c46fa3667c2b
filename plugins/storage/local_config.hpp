// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <string>

namespace waybill::storage {

class config_reader;

/// `config` of the provider `local`.
struct local_settings {
  std::string root;  ///< absolute folder; must hold the file that opens it (see local_folder)
  mode_t file_mode = 0640;
  mode_t folder_mode = 0750;
};

[[nodiscard]] local_settings read_local(const config_reader& from);

}  // namespace waybill::storage
