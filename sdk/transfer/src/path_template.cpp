// SPDX-License-Identifier: Apache-2.0
#include <waybill/transfer/path_template.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>

#include <nlohmann/json.hpp>
#include <waybill/transfer/hashing.hpp>

namespace waybill::transfer {
namespace {

using text_of = std::string (*)(const sdk::delivery&);

std::tm accepted_at(const sdk::delivery& what) {
  const auto seconds = static_cast<std::time_t>(what.created_at_ms() / 1'000);
  std::tm out{};
  gmtime_r(&seconds, &out);
  return out;
}

template <int Width>
std::string padded(int number) {
  std::array<char, 24> out{};
  const auto size = std::snprintf(out.data(), out.size(), "%0*d", Width, number);
  return {out.data(), static_cast<std::size_t>(size)};
}

std::string date_of(const sdk::delivery& what) {
  const auto at = accepted_at(what);
  return padded<4>(at.tm_year + 1900) + "-" + padded<2>(at.tm_mon + 1) + "-" + padded<2>(at.tm_mday);
}

/// ISO 8601's basic form: a colon is no character for a file name everywhere.
std::string timestamp_of(const sdk::delivery& what) {
  const auto at = accepted_at(what);
  return padded<4>(at.tm_year + 1900) + padded<2>(at.tm_mon + 1) + padded<2>(at.tm_mday) + "T" + padded<2>(at.tm_hour) +
         padded<2>(at.tm_min) + padded<2>(at.tm_sec) + "Z";
}

std::string extension_for(std::string_view content_type) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 14> known{{{"application/json", "json"},
                                                                                 {"application/pdf", "pdf"},
                                                                                 {"application/xml", "xml"},
                                                                                 {"application/zip", "zip"},
                                                                                 {"application/gzip", "gz"},
                                                                                 {"application/x-ndjson", "ndjson"},
                                                                                 {"text/xml", "xml"},
                                                                                 {"text/csv", "csv"},
                                                                                 {"text/plain", "txt"},
                                                                                 {"text/html", "html"},
                                                                                 {"image/png", "png"},
                                                                                 {"image/jpeg", "jpg"},
                                                                                 {"application/vnd.ms-excel", "xls"},
                                                                                 {"application/octet-stream", "bin"}}};
  const auto plain = content_type.substr(0, content_type.find_first_of("; "));
  const auto found = std::find_if(known.begin(), known.end(), [&](const auto& one) { return one.first == plain; });
  return std::string{found == known.end() ? std::string_view{"bin"} : found->second};
}

std::string name_of(const sdk::delivery& what) {
  const auto name = base_name(what.filename());
  if (!name.empty()) return std::string{name};
  return std::string{what.delivery_id()} + "." + extension_for(what.content_type());
}

std::size_t dot_of(std::string_view name) {
  const auto dot = name.rfind('.');
  return dot == 0 ? std::string_view::npos : dot;
}

std::string extension_of(const sdk::delivery& what) {
  const auto name = name_of(what);
  const auto dot = dot_of(name);
  return dot == std::string::npos ? extension_for(what.content_type()) : name.substr(dot + 1);
}

struct known_name {
  std::string_view name;
  text_of value;
};

const std::array<known_name, 22>& names() {
  using what = const sdk::delivery&;
  static const std::array<known_name, 22> all{{
      {"organizationId", [](what d) { return std::string{d.organization_id()}; }},
      {"destinationId", [](what d) { return std::string{d.destination_id()}; }},
      {"deliveryId", [](what d) { return std::string{d.delivery_id()}; }},
      {"taskId", [](what d) { return std::string{d.task_id()}; }},
      {"correlationId", [](what d) { return std::string{d.correlation_id()}; }},
      {"idempotencyKey", [](what d) { return std::string{d.idempotency_key()}; }},
      {"payloadType", [](what d) { return std::string{d.payload_type()}; }},
      {"filename", name_of},
      {"basename", [](what d) { return name_of(d).substr(0, dot_of(name_of(d))); }},
      {"extension", extension_of},
      {"year", [](what d) { return padded<4>(accepted_at(d).tm_year + 1900); }},
      {"month", [](what d) { return padded<2>(accepted_at(d).tm_mon + 1); }},
      {"day", [](what d) { return padded<2>(accepted_at(d).tm_mday); }},
      {"hour", [](what d) { return padded<2>(accepted_at(d).tm_hour); }},
      {"minute", [](what d) { return padded<2>(accepted_at(d).tm_min); }},
      {"second", [](what d) { return padded<2>(accepted_at(d).tm_sec); }},
      {"date", date_of},
      {"timestamp", timestamp_of},
      {"time", [](what d) { return timestamp_of(d).substr(9, 6); }},
      {"sha256",
       [](what d) {
         return to_hex(std::string_view{reinterpret_cast<const char*>(d.sha256()), 32});
       }},
      {"epochMs", [](what d) { return std::to_string(d.created_at_ms()); }},
      {"size", [](what d) { return std::to_string(d.size()); }},
  }};
  return all;
}

const known_name* find(std::string_view name) {
  const auto& all = names();
  const auto found = std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.name == name; });
  return found == all.end() ? nullptr : found;
}

constexpr std::string_view metadata_prefix = "metadata.";

bool is_metadata(std::string_view name) {
  return name.size() > metadata_prefix.size() && name.substr(0, metadata_prefix.size()) == metadata_prefix;
}

std::optional<std::string> metadata_value(const sdk::delivery& what, std::string_view key) {
  const auto read = nlohmann::json::parse(what.metadata(), nullptr, false);
  if (!read.is_object()) return std::nullopt;
  const auto found = read.find(std::string{key});
  if (found == read.end() || found->is_null() || found->is_structured()) return std::nullopt;
  return found->is_string() ? found->get<std::string>() : found->dump();
}

void append_safely(std::string& out, std::string_view value) {
  for (const char c : value) {
    const bool starts = out.empty() || out.back() == '/';
    const bool harms = static_cast<unsigned char>(c) < 0x20 || c == 0x7f || c == '/' || c == '\\' || (c == '.' && starts);
    out.push_back(harms ? '_' : c);
  }
}

/// Cuts a text into its pieces; the reason if it is no template.
template <class Take>
std::string cut(std::string_view text, Take take) {
  std::string plain;
  while (!text.empty()) {
    const char c = text.front();
    const bool twice = text.size() > 1 && text[1] == c;
    if ((c == '{' || c == '}') && twice) {
      plain.push_back(c);
      text.remove_prefix(2);
    } else if (c == '}') {
      return "has a } without its {";
    } else if (c == '{') {
      const auto end = text.find('}');
      if (end == std::string_view::npos) return "has a { without its }";
      const auto name = text.substr(1, end - 1);
      if (find(name) == nullptr && !is_metadata(name))
        return "has a placeholder that is not known; known are {metadata.key} and " + path_template::known_names();
      if (!plain.empty()) take(false, std::exchange(plain, {}));
      take(true, std::string{name});
      text.remove_prefix(end + 1);
    } else {
      if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return "has a control character";
      plain.push_back(c);
      text.remove_prefix(1);
    }
  }
  if (!plain.empty()) take(false, std::move(plain));
  return {};
}

bool has_bad_segment(std::string_view path) {
  while (!path.empty()) {
    const auto end = std::min(path.find('/'), path.size());
    const auto segment = path.substr(0, end);
    if (segment == "." || segment == "..") return true;
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return false;
}

std::string without_repeated_slashes(std::string_view path) {
  std::string out;
  for (const char c : path)
    if (c != '/' || out.empty() || out.back() != '/') out.push_back(c);
  return out;
}

}  // namespace

std::string_view base_name(std::string_view path) {
  const auto at = path.find_last_of("/\\");
  const auto name = at == std::string_view::npos ? path : path.substr(at + 1);
  return name == "." || name == ".." ? std::string_view{} : name;
}

std::string path_template::known_names() {
  std::string out;
  for (const auto& one : names()) out.append(out.empty() ? "{" : ", {").append(one.name).push_back('}');
  return out;
}

std::string path_template::why_unusable(std::string_view text) {
  if (text.find('\\') != std::string_view::npos) return "has a backslash; segments end with /";
  std::string shape;
  auto why = cut(text, [&](bool is_name, std::string part) { shape.append(is_name ? std::string{"x"} : std::move(part)); });
  if (why.empty() && has_bad_segment(shape)) why = "has a segment . or ..";
  return why;
}

path_template::path_template(std::string_view text) : usable_(why_unusable(text).empty()) {
  cut(text, [this](bool is_name, std::string part) { pieces_.push_back({is_name, std::move(part)}); });
}

std::optional<std::string> path_template::expand(const sdk::delivery& what, std::string& why) const {
  if (!usable_) {
    why = "the template is not usable";
    return std::nullopt;
  }
  std::string out;
  for (const auto& [is_name, text] : pieces_) {
    if (!is_name) {
      out += text;
      continue;
    }
    const auto value = is_metadata(text) ? metadata_value(what, std::string_view{text}.substr(metadata_prefix.size()))
                                         : std::optional<std::string>{find(text)->value(what)};
    if (!value || value->empty()) {
      why = "the delivery has no value for {" + text + "}";
      return std::nullopt;
    }
    append_safely(out, *value);
  }
  if (!has_bad_segment(out)) return without_repeated_slashes(out);
  why = "the path has a segment . or ..";
  return std::nullopt;
}

std::string path_template::fixed_folder() const {
  if (pieces_.empty() || pieces_.front().is_name) return {};
  const auto& first = pieces_.front().text;
  if (pieces_.size() == 1) return without_repeated_slashes(first);
  const auto end = first.rfind('/');
  return end == std::string::npos ? std::string{} : without_repeated_slashes(first.substr(0, std::max<std::size_t>(end, 1)));
}

}  // namespace waybill::transfer
