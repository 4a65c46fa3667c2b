// SPDX-License-Identifier: Apache-2.0
#include "mail_apis.hpp"

#include <catch2/catch.hpp>

#include <cstdlib>

#include "../nginx_server.hpp"

namespace waybill::testing {
namespace {

mail_apis* made = nullptr;

[[nodiscard]] std::string asked(const std::vector<std::string>& arguments) {
  const temporary_folder folder;
  std::vector<std::string> command{"curl", "-sS", "-o", folder.path() + "/answer"};
  command.insert(command.end(), arguments.begin(), arguments.end());
  REQUIRE(run(command, folder.path() + "/output") == 0);
  return folder.read("answer");
}

[[nodiscard]] std::string port_of(const node_program& program) {
  const auto url = program.url("");
  return url.substr(url.rfind(':') + 1);
}

}  // namespace

mail_apis& mail_apis::instance() {
  if (made == nullptr) {
    made = new mail_apis;
    // Ended at the process's exit, not by destructors that a plugin's threads could meet.
    std::atexit([] { delete made; });
  }
  return *made;
}

mail_apis::mail_apis()
    : apis_({WAYBILL_MAIL_APIS}),
      gate_({WAYBILL_PEERS "/sigv4_gate.py", port_of(apis_), "ses", "eu-central-1", "AKIATEST=ses secret/key+"}, {},
            "python3") {}

nlohmann::json mail_apis::provider(const std::string& type) const {
  for (const auto& one : providers())
    if (one["type"] == type) return one;
  FAIL("no provider " << type);
  return {};
}

std::vector<nlohmann::json> mail_apis::providers() const {
  return {
      {{"type", "sendgrid"}, {"apiKey", "SG.good-key"}, {"baseUrl", url("/sendgrid")}, {"tags", {"reports"}}},
      {{"type", "resend"}, {"apiKey", "re_good"}, {"baseUrl", url("/resend")}, {"tags", {"reports"}}},
      {{"type", "ses"},
       {"region", "eu-central-1"},
       {"accessKeyId", "AKIATEST"},
       {"secretAccessKey", "ses secret/key+"},
       {"configurationSet", "set-1"},
       {"baseUrl", gate_.url("/ses/")},
       {"tags", {"reports"}}},
      {{"type", "mailgun"},
       {"apiKey", "mg-key"},
       {"domain", "mg.example.com"},
       {"baseUrl", url("/mailgun")},
       {"tags", {"reports"}}},
      {{"type", "postmark"}, {"serverToken", "pm-token"}, {"baseUrl", url("/postmark")}, {"messageStream", "outbound"}},
      {{"type", "sparkpost"}, {"apiKey", "sp-key"}, {"baseUrl", url("/sparkpost")}, {"tags", {"reports"}}},
      {{"type", "graph"},
       {"tenantId", "tenant-1"},
       {"clientId", "client-1"},
       {"clientSecret", "graph-secret"},
       {"mailbox", "reports@example.com"},
       {"baseUrl", url("/graph")},
       {"loginUrl", url("/login")}},
  };
}

nlohmann::json mail_apis::mails() const { return nlohmann::json::parse(asked({url("/mails")})); }

void mail_apis::fail_next(int status, int retry_after_s) const {
  static_cast<void>(
      asked({"-X", "POST", url("/fail/" + std::to_string(status) + "?retryAfter=" + std::to_string(retry_after_s))}));
}

std::string mail_apis::reference_of(const std::string& type, std::size_t number) const {
  const auto n = std::to_string(number);
  if (type == "graph") return "<tsk_01HV4Z8M4XK2Q8R7T6S5P4N3M2@example.com>";
  if (type == "mailgun") return "<mg-" + n + "@mg.example.com>";
  const std::string prefix = type == "sendgrid"   ? "sg-"
                             : type == "resend"   ? "re-"
                             : type == "ses"      ? "ses-"
                             : type == "postmark" ? "pm-"
                                                  : "sp-";
  return prefix + n;
}

}  // namespace waybill::testing
