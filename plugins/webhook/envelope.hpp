// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include <waybill/delivery.hpp>

namespace waybill::webhook {

/// `application/json`, `text/json` or a type with the suffix `+json`; parameters and case do not matter.
[[nodiscard]] bool is_json(std::string_view content_type);

/// What stands around the content in an envelope:
///   {"id","type","timestamp","data":<content>,"metadata"}
/// JSON content is spliced in as it is: the engine has found it to be JSON when it was accepted, and it is not parsed
/// again. Any other content becomes base64 text, with "dataEncoding":"base64", "contentType" and "filename" beside it.
/// `timestamp` is the time of acceptance, so the body is the same for every attempt.
struct envelope_frame {
  std::string prefix;
  std::string suffix;
  bool base64 = false;
};
[[nodiscard]] envelope_frame frame_of(const sdk::delivery& what);
/// The same as an element of a batch, which has "idempotencyKey", "attempt" and, if there is one, "traceparent" after "id":
/// what a request of its own says in headers.
[[nodiscard]] envelope_frame batch_frame_of(const sdk::delivery& what);
/// The whole envelope, of content in memory.
[[nodiscard]] std::string make_envelope(const sdk::delivery& what);
void append_batch_element(std::string& out, const sdk::delivery& what);

}  // namespace waybill::webhook
