// SPDX-License-Identifier: Apache-2.0
#include "verdict.hpp"

#include <waybill/transfer/json_text.hpp>

namespace waybill::database {
namespace {

using sdk::action;
using sdk::category;

constexpr std::size_t longest_reference = 256;

struct meaning {
  action what;
  category why;
  const char* message;
};

/// PostgreSQL's documentation, appendix A.
meaning of_sqlstate(const std::string& state) {
  const auto group = state.substr(0, 2);
  if (state == "57014") return {action::retry, category::timeout, "The database did not finish in time."};
  // What it refers to may be on its way; as "validation" the engine would not try again.
  if (state == "23503") return {action::retry, category::remote, "The row refers to another that does not exist."};
  if (group == "22" || group == "23" || group == "54" || group == "P0")
    return {action::reject, category::validation, "The database does not take these values."};
  if (state == "25006") return {action::retry, category::remote, "The database takes no writes at present."};
  if (group == "28") return {action::retry, category::authentication, "The database does not accept the credentials."};
  if (state == "42501") return {action::retry, category::configuration, "The role may not insert into the table."};
  if (group == "42" || group == "3D" || group == "3F" || group == "0A")
    return {action::retry, category::configuration, "The table is not as the configuration says."};
  if (group == "53") return {action::retry, category::remote, "The database has no room at present."};
  if (group == "08" || group == "57")
    return {action::retry, category::network, "The database is shutting down or starting up."};
  if (group == "40") return {action::retry, category::remote, "The database asks to try again."};
  return {action::retry, category::remote, "The database refused the row."};
}

meaning of(const failure& why) {
  switch (why.what) {
    case trouble::network:
      return {action::retry, category::network, "The database could not be reached, or the connection broke."};
    case trouble::guard:
      return {action::retry, category::network, "The database's address may not be reached from here."};
    case trouble::timeout:
      return {action::retry, category::timeout, "The database did not answer in time."};
    case trouble::canceled:
      return {action::canceled, category::none, "canceled"};
    case trouble::authentication:
      return {action::retry, category::authentication,
              "The database does not accept the credentials, or could not prove who it is."};
    case trouble::server:
      return of_sqlstate(why.sqlstate);
    case trouble::read_only:
      return {action::retry, category::remote, "The database takes no writes at present."};
    case trouble::content:
      return {action::retry, category::system, "The content could not be read."};
    case trouble::value:
      return {action::reject, category::validation, "There is no row for this delivery."};
  }
  return {action::retry, category::system, "The row could not be inserted."};
}

sdk::result failed(const failure& why, const transfer::redactor& secrets) {
  const auto means = of(why);
  sdk::result r;
  r.what = means.what;
  r.why = means.why;
  std::string clean;
  r.detail = secrets.scrub(why.detail, clean) ? clean : why.detail;
  r.message = means.message;
  if (why.what == trouble::value) r.message = "There is no row for this delivery: " + r.detail + ".";
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
  record& boolean(std::string_view name, bool value) {
    key(name);
    out_ += value ? "true" : "false";
    return *this;
  }
  [[nodiscard]] std::string finish() { return out_ + "}"; }

private:
  void key(std::string_view name) { out_.append(out_.size() > 1 ? ",\"" : "\"").append(name).append("\":"); }
  std::string out_ = "{";
};

record server_record(const config& settings, const std::string& address) {
  record out;
  out.text("host", settings.server.host).number("port", settings.server.port).text("database", settings.server.database);
  out.text("username", settings.server.username).text("table", settings.table.schema + "." + settings.table.table);
  if (!address.empty()) out.text("address", address);
  return out;
}

}  // namespace

sdk::result judge(const pending_row& row, const config& settings, const transfer::redactor& secrets) {
  const auto& how = *row.outcome;
  auto r = how ? sdk::result::delivered() : failed(how.error(), secrets);
  auto request = server_record(settings, row.address);
  request.text("key", row.what.idempotency_key()).number("bytes", row.what.size()).number("rowsInStatement", row.together);
  r.request = request.finish();
  if (how) {
    r.bytes_sent = row.what.size();
    r.external_reference = row.reference.substr(0, longest_reference);
    r.response = record{}.boolean("inserted", !row.was_there).finish();
  } else if (how.error().what == trouble::server) {
    r.response = record{}.text("sqlstate", how.error().sqlstate).text("text", r.detail).finish();
  }
  return r;
}

sdk::result judge_test(const result<void>& how, const std::string& address, const config& settings,
                       const transfer::redactor& secrets) {
  auto r = how ? sdk::result::delivered() : failed(how.error(), secrets);
  r.request = server_record(settings, address).finish();
  return r;
}

}  // namespace waybill::database
