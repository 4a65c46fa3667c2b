// SPDX-License-Identifier: Apache-2.0
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "core/config/config.hpp"
#include "core/config/settings_sink.hpp"

namespace waybill::core {
namespace {

constexpr std::size_t longest_file = 1'048'576;

struct close_file {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

result<std::string> read_file(const std::string& path) {
  const auto refused = [&](const std::string& why) {
    return fail(error_code::validation_error, "The configuration file " + path + " " + why);
  };
  const std::unique_ptr<std::FILE, close_file> file{std::fopen(path.c_str(), "rbe")};
  if (!file) return refused(std::string{"cannot be opened: "} + std::strerror(errno) + ".");
  std::string text(longest_file + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  if (std::ferror(file.get()) != 0) return refused("cannot be read.");
  if (text.size() > longest_file) return refused("is longer than 1 MiB.");
  return text;
}

void read_overrides(const config_sources& sources, settings_sink& sink) {
  for (const auto& [key, value] : sources.overrides) {
    if (const auto* known = find_setting(key)) {
      sink.put_text(*known, value, key);
    } else {
      sink.fault(key, "unknown", "There is no such setting." + hint_for_key(key));
    }
  }
}

}  // namespace

result<config> load_config(const config_sources& sources) {
  settings_sink sink;
  if (sources.file) {
    auto text = read_file(*sources.file);
    if (!text) return fail(std::move(text.error()));
    read_toml(*text, sink);
  }
  read_environment(sources, sink);
  read_overrides(sources, sink);
  return sink.finish();
}

result<config> parse_config(std::string_view toml) {
  settings_sink sink;
  read_toml(toml, sink);
  return sink.finish();
}

}  // namespace waybill::core
