// SPDX-License-Identifier: Apache-2.0
#include "plugins/storage/s3_answers.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "plugins/storage/azure_answers.hpp"
#include "plugins/storage/gcs_answers.hpp"
#include "plugins/storage/local_ledger.hpp"
#include "plugins/storage/times.hpp"
#include "plugins/storage/upload_ledger.hpp"

namespace {

using namespace waybill::storage;

void check(const service_error& error) {
  if (error.code.size() > 64 || error.message.size() > 256) std::abort();
  for (const char c : error.message)
    if (c < 0x20 || c > 0x7e) std::abort();
}

// Cleaned for texts and headers; an object of a listing is known to have an owner or none.
void check_clouds(std::string_view input) {
  check(read_azure_error(input));
  check(read_gcs_error(input));
  static_cast<void>(read_uncommitted_blocks(input));
  for (const auto& page : {read_blobs(input, "waybill_destination"), read_gcs_objects(input)})
    if (page)
      for (const auto& object : page->objects)
        if (object.key.empty() || !object.owner) std::abort();
  if (const auto one = read_gcs_object(input); one && one->object.version.size() > 20) std::abort();
  if (const auto there = read_gcs_range(input); there && !input.empty() && *there == 0) std::abort();
}

}  // namespace

// Whatever a store, a service of credentials, a ledger or the state says: what is taken from it is within bounds.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input{reinterpret_cast<const char*>(data), size};
  check(read_s3_error(input));
  check_clouds(input);
  if (read_upload_id(input).size() > 1'024) std::abort();
  if (const auto parts = read_parts(input))
    for (const auto& part : parts->parts)
      if (part.number == 0 || part.number > 10'000 || part.etag.empty()) std::abort();
  if (const auto page = read_objects(input))
    for (const auto& object : page->objects)
      if (object.key.empty() || object.owner) std::abort();
  for (const auto& found : {read_sts_credentials(input), read_metadata_credentials(input)})
    if (found && !waybill::transfer::is_header_value(found->key.session_token)) std::abort();
  for (const auto& [name, upload] : read_uploads(input))
    if (upload.id.empty() || upload.key.empty()) std::abort();
  static_cast<void>(read_ledger_line(input));
  if (const auto time = parse_iso8601(input); time && parse_iso8601(iso8601(*time)) != time) std::abort();
  return 0;
}
