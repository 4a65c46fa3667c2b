// SPDX-License-Identifier: Apache-2.0
#include "core/plugin_host/shared_library.hpp"

#include <dlfcn.h>

#include <filesystem>
#include <memory>
#include <new>
#include <system_error>

#include <boost/dll/shared_library.hpp>
#include <fmt/format.h>

namespace waybill::core {
namespace {

result<std::string> regular_file(const std::string& path) {
  std::error_code ec;
  auto absolute = std::filesystem::absolute(path, ec);
  if (ec) return fail(error_code::not_found, ec.message());
  absolute = absolute.lexically_normal();
  if (!std::filesystem::exists(absolute, ec)) return fail(error_code::not_found, "there is no such file");
  if (!std::filesystem::is_regular_file(absolute, ec)) return fail(error_code::validation_error, "it is not a file");
  return absolute.string();
}

/// Boost's error_code says "Bad file descriptor" whatever happened; the linker's text is the one that helps.
std::string linker_says(const std::string& otherwise) {
  const char* text = dlerror();
  return text != nullptr ? text : otherwise;
}

}  // namespace

result<shared_library> map_library(const std::string& path) {
  namespace dll = boost::dll;
  auto file = regular_file(path);
  if (!file) return tl::unexpected(file.error());
  try {
    // Leaked on purpose: its destructor would unmap.
    auto* library = new dll::shared_library;
    boost::system::error_code ec;
    library->load(*file, ec, dll::load_mode::rtld_now | dll::load_mode::rtld_local);
    if (ec) {
      auto text = linker_says(ec.message());
      delete library;
      return fail(error_code::validation_error, "it cannot be loaded: " + text);
    }
    if (!library->has(WB_ENTRY_SYMBOL))
      return fail(error_code::validation_error,
                  fmt::format("it exports no `{}`, the one symbol this engine looks for", WB_ENTRY_SYMBOL));
    return shared_library{*file, &library->get<std::uint32_t(const wb_host*, wb_plugin*)>(WB_ENTRY_SYMBOL)};
  } catch (const std::exception& e) {  // Boost.DLL throws on a symbol's absence; a static constructor may throw anything
    return fail(error_code::validation_error, fmt::format("it cannot be loaded: {}", e.what()));
  } catch (...) {
    return fail(error_code::validation_error, "it cannot be loaded: a static constructor threw");
  }
}

}  // namespace waybill::core
