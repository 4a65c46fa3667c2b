// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace waybill::email {

/// A mailbox (RFC 5322 section 3.4): a display name and an addr-spec. Nothing in it can end a header line or an SMTP
/// command: names hold no control characters, local parts are dot-atoms, domains are ASCII.
struct address {
  std::string name;    ///< UTF-8; may be empty
  std::string local;   ///< a dot-atom
  std::string domain;  ///< letters, digits, hyphens and dots, or an address literal; an international one as A-labels

  [[nodiscard]] std::string spec() const { return local + "@" + domain; }
};
using address_list = std::vector<address>;

/// What a text of addresses holds, or why it is none.
struct parsed_addresses {
  address_list list;
  std::string fault;  ///< empty if there was none; never quotes the text
};

/// Reads mailboxes separated by commas: `a@example.com`, `Name <a@example.com>`, `"Name, of one" <a@example.com>`. An empty
/// text is an empty list. Groups, comments, routes and quoted local parts are refused. Pure.
[[nodiscard]] parsed_addresses parse_addresses(std::string_view text);

/// The domain with international labels as A-labels (RFC 5890); empty if it is no domain.
[[nodiscard]] std::string ascii_domain(std::string_view domain);

}  // namespace waybill::email
