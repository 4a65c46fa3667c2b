// SPDX-License-Identifier: Apache-2.0
#include "verdict.hpp"

#include <waybill/transfer/hashing.hpp>
#include <waybill/transfer/json_text.hpp>

namespace waybill::sftp {
namespace {

using sdk::action;
using sdk::category;

struct meaning {
  action what;
  category why;
  const char* message;
};

meaning of_status(std::uint32_t status) {
  switch (status) {
    case fx::no_such_file:
    case fx::no_such_path:
      return {action::retry, category::configuration, "The folder on the server does not exist."};
    case fx::permission_denied:
    case fx::write_protect:
      return {action::retry, category::configuration, "The user may not write to the folder on the server."};
    case fx::no_space:
    case fx::quota_exceeded:
      return {action::retry, category::remote, "The server has no space left."};
    default:
      return {action::retry, category::remote, "The server refused to store the file."};
  }
}

meaning of(const failure& why) {
  switch (why.what) {
    case trouble::network:
      return {action::retry, category::network, "The server could not be reached, or the connection broke."};
    case trouble::guard:
      return {action::retry, category::network, "The server's address may not be reached from here."};
    case trouble::timeout:
      return {action::retry, category::timeout, "The server did not answer in time."};
    case trouble::canceled:
      return {action::canceled, category::none, "canceled"};
    case trouble::host_key:
      return {action::retry, category::authentication, "The server's host key is not the one that is configured."};
    case trouble::authentication:
      return {action::retry, category::authentication, "The server does not accept the credentials."};
    case trouble::protocol:
      return {action::retry, category::remote, "The server does not speak SFTP as it should."};
    case trouble::status:
      return of_status(why.status);
    case trouble::content:
      return {action::retry, category::system, "The content could not be read."};
    case trouble::mismatch:
      return {action::retry, category::remote, "The file at the server is not what was sent."};
    case trouble::exists:
      return {action::reject, category::validation, "A file of this name exists already."};
  }
  return {action::retry, category::system, "The upload could not be made."};
}

sdk::result failed(const failure& why, const transfer::redactor& secrets) {
  const auto means = of(why);
  sdk::result r;
  r.what = means.what;
  r.why = means.why;
  r.code = static_cast<std::int32_t>(why.status);
  std::string clean;
  r.detail = secrets.scrub(why.detail, clean) ? clean : why.detail;
  r.message = means.message;
  return r;
}

/// A JSON object, member by member.
class record {
public:
  record& text(std::string_view name, std::string_view value) {
    key(name);
    transfer::append_json_string(out_, value, 8'192);
    return *this;
  }
  record& number(std::string_view name, std::uint64_t value) {
    key(name);
    out_ += std::to_string(value);
    return *this;
  }
  [[nodiscard]] std::string finish() { return out_ + "}"; }

private:
  void key(std::string_view name) { out_.append(out_.size() > 1 ? ",\"" : "\"").append(name).append("\":"); }
  std::string out_ = "{";
};

record server_record(const config& settings, const std::string& address) {
  record out;
  out.text("host", settings.host).number("port", settings.port).text("username", settings.username);
  if (!address.empty()) out.text("address", address);
  return out;
}

}  // namespace

sdk::result judge(const pending_upload& item, const config& settings, const transfer::redactor& secrets) {
  const auto& how = *item.outcome;
  auto r = how ? sdk::result::delivered() : failed(how.error(), secrets);
  r.bytes_sent = item.facts.bytes_sent;
  auto request = server_record(settings, item.facts.address);
  const std::string_view digest{reinterpret_cast<const char*>(item.what.sha256()), 32};
  request.text("path", item.plan.path).text("temporary", item.plan.temporary).number("bytes", item.what.size());
  request.text("sha256", transfer::to_hex(digest));
  if (item.facts.resumed_from > 0) request.number("resumedFrom", item.facts.resumed_from);
  r.request = request.finish();
  if (how) {
    r.external_reference = item.plan.path;
    record response;
    response.text("path", item.plan.path).number("size", item.what.size());
    response.text("verified", item.facts.content_checked ? "content" : "size");
    if (item.facts.was_there) response.text("note", "an earlier attempt had stored it");
    r.response = response.finish();
  } else if (how.error().what == trouble::status) {
    r.response = record{}.number("status", how.error().status).text("text", r.detail).finish();
  }
  return r;
}

sdk::result judge_test(const result<void>& how, const std::string& address, const config& settings,
                       const transfer::redactor& secrets) {
  auto r = how ? sdk::result::delivered() : failed(how.error(), secrets);
  r.request = server_record(settings, address).text("folder", settings.path.fixed_folder()).finish();
  return r;
}

}  // namespace waybill::sftp
