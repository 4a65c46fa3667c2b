// SPDX-License-Identifier: Apache-2.0
#include "core/plugin_host/shared_library.hpp"

#include <dlfcn.h>

#include <filesystem>
#include <memory>
#include <mutex>
#include <system_error>
#include <utility>
#include <vector>

#include <boost/dll/shared_library.hpp>
#include <fmt/format.h>

namespace waybill::core {
namespace {

namespace dll = boost::dll;

result<std::string> regular_file(const std::string& path) {
  std::error_code ec;
  auto absolute = std::filesystem::absolute(path, ec);
  if (ec) return fail(error_code::not_found, ec.message());
  absolute = absolute.lexically_normal();
  if (!std::filesystem::exists(absolute, ec)) return fail(error_code::not_found, "there is no such file");
  if (!std::filesystem::is_regular_file(absolute, ec)) return fail(error_code::validation_error, "it is not a file");
  return absolute.string();
}

/// What is mapped stays mapped: the list is never destroyed, for a library's destructor would unmap.
dll::shared_library& keep(std::unique_ptr<dll::shared_library> library) {
  static std::mutex lock;
  static auto* kept = new std::vector<std::unique_ptr<dll::shared_library>>;
  std::lock_guard hold{lock};
  return *kept->emplace_back(std::move(library));
}

/// Boost's error_code says "Bad file descriptor" whatever happened; the linker's text is the one that helps.
std::string linker_says(const std::string& otherwise) {
  const char* text = dlerror();
  return text != nullptr ? text : otherwise;
}

}  // namespace

result<shared_library> map_library(const std::string& path) {
  auto file = regular_file(path);
  if (!file) return tl::unexpected(file.error());
  try {
    auto library = std::make_unique<dll::shared_library>();
    boost::system::error_code ec;
    library->load(*file, ec, dll::load_mode::rtld_now | dll::load_mode::rtld_local);
    if (ec) return fail(error_code::validation_error, "it cannot be loaded: " + linker_says(ec.message()));
    auto& kept = keep(std::move(library));
    if (!kept.has(WB_ENTRY_SYMBOL))
      return fail(error_code::validation_error,
                  fmt::format("it exports no `{}`, the one symbol this engine looks for", WB_ENTRY_SYMBOL));
    return shared_library{*file, &kept.get<std::uint32_t(const wb_host*, wb_plugin*)>(WB_ENTRY_SYMBOL)};
  } catch (const std::exception& e) {  // Boost.DLL throws on a symbol's absence; a static constructor may throw anything
    return fail(error_code::validation_error, fmt::format("it cannot be loaded: {}", e.what()));
  } catch (...) {
    return fail(error_code::validation_error, "it cannot be loaded: a static constructor threw");
  }
}

}  // namespace waybill::core
