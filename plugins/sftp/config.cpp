// SPDX-License-Identifier: Apache-2.0
#include "config.hpp"

#include <algorithm>
#include <array>

#include <nlohmann/json.hpp>

#include "private_key.hpp"

namespace waybill::sftp {
namespace {

using nlohmann::json;

/// An object of the configuration and where it stands; reads members and reports what has a wrong type.
class reader {
public:
  reader(const json& object, std::string pointer, sdk::fault_sink& faults)
      : object_(object), pointer_(std::move(pointer)), faults_(faults) {}

  [[nodiscard]] std::string at(std::string_view name) const { return pointer_ + "/" + std::string{name}; }
  [[nodiscard]] const json* find(const char* name) const {
    const auto found = object_.find(name);
    return found == object_.end() ? nullptr : &*found;
  }
  [[nodiscard]] std::string text(const char* name, std::string otherwise = {}) const {
    const auto* value = find(name);
    if (value == nullptr) return otherwise;
    if (value->is_string()) return value->get<std::string>();
    fault(name, "type", "must be a text");
    return otherwise;
  }
  [[nodiscard]] std::string required(const char* name) const {
    auto value = text(name);
    if (value.empty()) fault(name, "required", "is required");
    if (value.find('\0') != std::string::npos) fault(name, "text", "must not contain a NUL character");
    return value;
  }
  [[nodiscard]] bool boolean(const char* name, bool otherwise) const {
    const auto* value = find(name);
    if (value == nullptr) return otherwise;
    if (value->is_boolean()) return value->get<bool>();
    fault(name, "type", "must be true or false");
    return otherwise;
  }
  [[nodiscard]] std::int64_t number(const char* name, std::int64_t otherwise, std::int64_t least, std::int64_t most) const {
    const auto* value = find(name);
    if (value == nullptr) return otherwise;
    if (value->is_number_integer() && value->get<double>() >= static_cast<double>(least) &&
        value->get<double>() <= static_cast<double>(most))
      return value->get<std::int64_t>();
    fault(name, "range", "must be an integer from " + std::to_string(least) + " to " + std::to_string(most));
    return otherwise;
  }
  [[nodiscard]] std::chrono::milliseconds duration(const char* name, std::chrono::milliseconds otherwise, std::int64_t least,
                                                   std::int64_t most) const {
    return std::chrono::milliseconds{number(name, otherwise.count(), least, most)};
  }
  /// Index of the word among the choices; the first if there is none.
  [[nodiscard]] std::size_t choice(const char* name, std::initializer_list<std::string_view> words) const {
    const auto chosen = text(name);
    if (chosen.empty()) return 0;
    const auto* const found = std::find(words.begin(), words.end(), chosen);
    if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
    fault(name, "enum", "is not one of the known values");
    return 0;
  }
  [[nodiscard]] std::optional<reader> object(const char* name) const {
    const auto* value = find(name);
    if (value == nullptr) {
      fault(name, "required", "is required");
      return std::nullopt;
    }
    if (value->is_object()) return reader{*value, at(name), faults_};
    fault(name, "type", "must be an object");
    return std::nullopt;
  }
  void fault(std::string_view name, std::string_view rule, std::string_view message) const { faults_(at(name), rule, message); }

private:
  const json& object_;
  std::string pointer_;
  sdk::fault_sink& faults_;
};

void read_auth(const reader& from, config& into) {
  const auto auth = from.object("auth");
  if (!auth) return;
  const auto kind = auth->required("type");
  if (kind == "password") {
    into.auth = auth_kind::password;
    into.password = auth->required("password");
    return;
  }
  if (kind != "privateKey") return auth->fault("type", "enum", "is not one of the known values");
  into.auth = auth_kind::private_key;
  into.private_key = auth->required("privateKey");
  into.passphrase = auth->text("passphrase");
  into.password = auth->text("password");
  if (into.private_key.empty() || read_private_key(into.private_key, into.passphrase)) return;
  auth->fault("privateKey", "key", "holds no RSA, ECDSA or ed25519 private key that the passphrase opens");
}

void read_host_key(const reader& from, config& into) {
  const auto keys = from.object("hostKey");
  if (!keys) return;
  bool named = false;
  if (const auto* list = keys->find("fingerprints")) {
    if (!list->is_array()) return keys->fault("fingerprints", "type", "must be an array");
    named = !list->empty();
    for (std::size_t i = 0; i < list->size(); ++i) {
      const auto& one = (*list)[i];
      const auto why = one.is_string() ? into.keys.add_fingerprint(one.get<std::string>()) : "must be a text";
      if (!why.empty()) keys->fault("fingerprints/" + std::to_string(i), "fingerprint", why);
    }
  }
  if (const auto text = keys->text("knownHosts"); !text.empty()) {
    named = true;
    const auto why = into.keys.add_known_hosts(text, into.host, into.port);
    if (!why.empty()) keys->fault("knownHosts", "knownHosts", why);
  }
  if (!named)
    from.fault("hostKey", "required",
               "names no key: without one the server could be anybody; ssh-keyscan and ssh-keygen -lf show it");
}

transfer::path_template read_template(const reader& from, const char* name, const std::string& text) {
  if (const auto why = transfer::path_template::why_unusable(text); !why.empty()) from.fault(name, "template", why);
  return transfer::path_template{text};
}

std::optional<std::uint32_t> read_mode(const reader& from, const char* name) {
  const auto text = from.text(name);
  if (text.empty()) return std::nullopt;
  const bool octal = text.size() <= 4 && text.size() >= 3 && text.find_first_not_of("01234567") == std::string::npos &&
                     (text.size() == 3 || text.front() == '0');
  if (octal) return static_cast<std::uint32_t>(std::stoul(text, nullptr, 8));
  from.fault(name, "mode", "must be three octal digits, such as 640");
  return std::nullopt;
}

void read_files(const reader& from, config& into) {
  into.path = read_template(from, "path", from.required("path"));
  const auto filename = from.text("filename", "{deliveryId}-{filename}");
  if (filename.empty()) from.fault("filename", "required", "must not be empty");
  if (filename.find('/') != std::string::npos)
    from.fault("filename", "folder", "must not contain a slash: folders belong to path");
  into.filename = read_template(from, "filename", filename);
  into.if_exists = from.choice("ifExists", {"overwrite", "fail"}) == 0 ? existing_file::overwrite : existing_file::fail;
  into.create_directories = from.boolean("createDirectories", into.create_directories);
  into.file_mode = read_mode(from, "fileMode");
  into.directory_mode = read_mode(from, "directoryMode");
  into.verify = from.choice("verify", {"size", "content"}) == 0 ? verification::size : verification::content;
  into.resume = from.boolean("resume", into.resume);
  into.sync = from.boolean("sync", into.sync);
}

}  // namespace

std::optional<config> parse_config(std::string_view text, sdk::fault_sink& faults) {
  const auto read = json::parse(text, nullptr, false);
  if (!read.is_object()) {
    faults("", "type", "must be a JSON object");
    return std::nullopt;
  }
  const auto before = faults.count();
  const reader from{read, "", faults};
  config out;
  out.host = from.required("host");
  if (out.host.find_first_of("/@ \t\r\n") != std::string::npos || (!out.host.empty() && out.host.front() == '-'))
    from.fault("host", "host", "must be a name or an address alone");
  out.port = static_cast<std::uint16_t>(from.number("port", out.port, 1, 65'535));
  out.username = from.required("username");
  read_auth(from, out);
  read_host_key(from, out);
  read_files(from, out);
  out.max_sessions = static_cast<std::size_t>(from.number("maxSessions", 4, 1, 16));
  out.connect_timeout = from.duration("connectTimeoutMs", out.connect_timeout, 100, 120'000);
  out.timeout = from.duration("timeoutMs", out.timeout, 100, 600'000);
  out.idle_timeout = from.duration("idleTimeoutMs", out.idle_timeout, 0, 600'000);
  out.legacy_algorithms = from.boolean("legacyAlgorithms", out.legacy_algorithms);
  if (faults.count() != before) return std::nullopt;
  return out;
}

}  // namespace waybill::sftp
