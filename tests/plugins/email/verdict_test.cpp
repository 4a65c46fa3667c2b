// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "plugins/email/verdict.hpp"

using namespace waybill::email;
using namespace waybill;

namespace {

smtp_reply reply(std::int32_t code, const char* enhanced = "") {
  smtp_reply r;
  r.code = code;
  r.enhanced = enhanced;
  r.lines = {"text"};
  return r;
}

}  // namespace

TEST_CASE("a reply's category is that of what it complains about") {
  struct row {
    std::int32_t code;
    const char* enhanced;
    smtp_stage stage;
    sdk::category why;
  };
  for (const auto& r : {row{550, "5.1.1", smtp_stage::recipients, sdk::category::validation},
                        row{550, "", smtp_stage::recipients, sdk::category::validation},
                        row{550, "5.7.1", smtp_stage::recipients, sdk::category::remote},
                        row{552, "5.3.4", smtp_stage::content, sdk::category::validation},
                        row{554, "5.6.0", smtp_stage::content, sdk::category::validation},
                        row{554, "", smtp_stage::content, sdk::category::remote},
                        row{451, "4.7.1", smtp_stage::recipients, sdk::category::remote},
                        row{450, "4.1.8", smtp_stage::sender, sdk::category::remote},
                        row{421, "4.7.28", smtp_stage::sender, sdk::category::rate_limit},
                        row{452, "4.5.3", smtp_stage::recipients, sdk::category::rate_limit},
                        row{454, "4.7.0", smtp_stage::authentication, sdk::category::authentication},
                        row{535, "5.7.8", smtp_stage::authentication, sdk::category::authentication},
                        row{530, "5.7.0", smtp_stage::sender, sdk::category::authentication},
                        row{504, "", smtp_stage::authentication, sdk::category::authentication}}) {
    INFO(r.code << " " << r.enhanced);
    CHECK(category_of(reply(r.code, r.enhanced), r.stage) == r.why);
  }
}

TEST_CASE("when nobody is accepted the most hopeful reply decides") {
  smtp_outcome what;
  what.stage = smtp_stage::recipients;
  what.recipients = {reply(550, "5.1.1"), reply(451, "4.7.1"), reply(550, "5.1.1")};
  what.reply = what.recipients.back();
  CHECK(judge_smtp(what, partial_refusal::deliver, 0).what == sdk::action::retry);
  what.recipients[1] = reply(550, "5.1.1");
  CHECK(judge_smtp(what, partial_refusal::deliver, 0).what == sdk::action::reject);
  // Others have it from an earlier attempt.
  CHECK(judge_smtp(what, partial_refusal::deliver, 1).what == sdk::action::delivered);
  CHECK(judge_smtp(what, partial_refusal::fail, 1).what == sdk::action::reject);
}

TEST_CASE("every way a connection ends has a category") {
  using e = transfer::ending;
  for (const auto how : {e::guard_refused, e::unresolved, e::unreachable, e::tls_failed, e::broken})
    CHECK(judge_connection(how, "x").why == sdk::category::network);
  CHECK(judge_connection(e::timed_out, "x").why == sdk::category::timeout);
  CHECK(judge_connection(e::body_failed, "x").why == sdk::category::system);
  CHECK(judge_connection(e::canceled, "x").what == sdk::action::canceled);
}
