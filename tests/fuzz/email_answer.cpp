// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "plugins/email/http_provider.hpp"
#include "plugins/email/verdict.hpp"

namespace {

const std::vector<std::unique_ptr<waybill::email::http_provider>>& providers() {
  using namespace waybill::email;
  static const auto all = [] {
    std::vector<std::unique_ptr<http_provider>> out;
    config settings;
    settings.http.custom.reference_pointer = "/id";
    for (const auto kind : {provider_kind::sendgrid, provider_kind::resend, provider_kind::ses, provider_kind::mailgun,
                            provider_kind::postmark, provider_kind::sparkpost, provider_kind::graph, provider_kind::custom}) {
      settings.provider = kind;
      out.push_back(make_provider(settings));
    }
    return out;
  }();
  return all;
}

}  // namespace

// What a provider answers: the first byte is the status' class, the rest its body. Each answer means something.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace waybill;
  if (size == 0) return 0;
  transfer::outcome answer;
  answer.how = transfer::ending::answered;
  answer.status = 200 + data[0] % 4 * 100 + data[0] / 4 % 30;
  answer.body = {reinterpret_cast<const char*>(data + 1), size - 1};
  for (const auto& provider : providers()) {
    static_cast<void>(provider->reference(answer));
    const auto r = email::judge_http(answer, *provider, 0);
    if ((r.what == sdk::action::delivered) != (answer.status < 300)) std::abort();
    if (r.what != sdk::action::delivered && r.why == sdk::category::none) std::abort();
    static_cast<void>(email::judge_http_test(answer, *provider));
  }
  return 0;
}
