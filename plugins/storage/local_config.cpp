// SPDX-License-Identifier: Apache-2.0
#include "local_config.hpp"

#include "config_reader.hpp"

namespace waybill::storage {
namespace {

/// "0640"
void read_mode(const config_reader& from, const char* name, mode_t needed, mode_t& into) {
  std::string text;
  from.text(name, text);
  if (text.empty()) return;
  if (text.size() > 4 || text.find_first_not_of("01234567") != std::string::npos || (text.size() == 4 && text[0] != '0'))
    return from.fault(name, "mode", "must be permissions as an octal number, 0640");
  const auto mode = static_cast<mode_t>(std::stoul(text, nullptr, 8));
  if ((mode & needed) != needed) return from.fault(name, "mode", "must let the owner in");
  if ((mode & 0002) != 0) return from.fault(name, "mode", "must not let everybody write");
  into = mode;
}

[[nodiscard]] bool climbs(const std::string& path) {
  return (path + "/").find("/../") != std::string::npos || (path + "/").find("/./") != std::string::npos;
}

}  // namespace

local_settings read_local(const config_reader& from) {
  local_settings out;
  from.required("root", out.root);
  if (!out.root.empty()) {
    if (out.root.front() != '/' || out.root.find('\0') != std::string::npos)
      from.fault("root", "absolute", "must be an absolute path");
    else if (climbs(out.root))
      from.fault("root", "canonical", "must not hold . or ..");
    else if (out.root.find_first_not_of('/') == std::string::npos)
      from.fault("root", "root", "must not be the root of the file system");
  }
  while (out.root.size() > 1 && out.root.back() == '/') out.root.pop_back();
  read_mode(from, "fileMode", 0600, out.file_mode);
  read_mode(from, "folderMode", 0700, out.folder_mode);
  return out;
}

}  // namespace waybill::storage
