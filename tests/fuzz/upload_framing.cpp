// SPDX-License-Identifier: Apache-2.0
#include "api/upload_framing.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "api/upload_scout.hpp"

namespace {

using waybill::api::upload_framing;
using waybill::api::upload_scout;

struct cut_message {
  upload_framing::stage end = upload_framing::stage::head;
  std::size_t taken = 0;
  std::string body;
  std::string target;
};

cut_message take(std::string_view bytes, std::size_t step) {
  upload_framing framing{{8'192, 16'384, 100}};
  cut_message out;
  while (out.taken < bytes.size() && framing.now() < upload_framing::stage::done)
    out.taken += framing.take(bytes.substr(out.taken, step), out.body);
  out.end = framing.now();
  out.target = framing.head().target;
  return out;
}

std::size_t scout(std::string_view bytes, std::size_t step) {
  upload_scout s;
  for (std::size_t at = 0; at < bytes.size();) {
    const auto piece = bytes.substr(at, step);
    const auto ordinary = s.ordinary(piece);
    at += ordinary;
    if (ordinary < piece.size()) return at;
  }
  return bytes.size();
}

}  // namespace

// However the bytes are cut on their way, the same message is found in them; and where an upload begins its head is one that
// says so.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes{reinterpret_cast<const char*>(data), size};
  const auto whole = take(bytes, size);
  for (const std::size_t step : {std::size_t{1}, std::size_t{7}}) {
    const auto pieces = take(bytes, step);
    if (pieces.end != whole.end) std::abort();
    if (whole.end == upload_framing::stage::failed) continue;
    if (pieces.taken != whole.taken || pieces.body != whole.body || pieces.target != whole.target) std::abort();
  }
  if (whole.body.size() > size) std::abort();

  const auto begins = scout(bytes, size);
  if (begins == size) return 0;
  const auto rest = bytes.substr(begins);
  const auto start = rest.find_first_not_of("\r\n");
  if (start == std::string_view::npos || waybill::api::guess_upload(rest.substr(start)) == waybill::api::upload_guess::no)
    std::abort();
  // A piece that ends in the middle of the words is undecided earlier, never later.
  if (scout(bytes, 1) > begins + start) std::abort();
  return 0;
}
