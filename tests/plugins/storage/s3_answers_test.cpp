// SPDX-License-Identifier: Apache-2.0
#include "plugins/storage/s3_answers.hpp"

#include <catch2/catch.hpp>

#include "plugins/storage/s3_upload.hpp"
#include "plugins/storage/times.hpp"

using namespace waybill::storage;

TEST_CASE("an error is read with its code and text, and cleaned") {
  const auto error = read_s3_error("<Error><Code>Access&lt;Denied</Code><Message>no\nway\x01</Message></Error>");
  CHECK(error.code == "AccessDenied");
  CHECK(error.message == "no way");
  CHECK(read_s3_error("not xml").code.empty());
}

TEST_CASE("keys of a listing are decoded as forms are") {
  const auto page = read_objects(
      "<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>false</IsTruncated><Contents><Key>a+b%2Bc%2F%C3%A9%25</"
      "Key>"
      "<LastModified>2026-01-31T09:15:00.123Z</LastModified><Size>3</Size><ETag>&quot;x&quot;</ETag></Contents></"
      "ListBucketResult>");
  REQUIRE(page.has_value());
  REQUIRE(page->objects.size() == 1);
  CHECK(page->objects[0].key == "a b+c/\xc3\xa9%");
  CHECK(page->objects[0].modified_ms == 1'769'850'900'123);
  CHECK(page->objects[0].version == "\"x\"");
  CHECK_FALSE(page->objects[0].owner.has_value());
  CHECK(page->next.empty());
}

TEST_CASE("credentials that could not be sent are no credentials") {
  CHECK_FALSE(read_metadata_credentials(
      R"({"AccessKeyId":"A","SecretAccessKey":"s","Token":"a\r\nb","Expiration":"2026-01-31T09:15:00Z"})"));
  CHECK_FALSE(read_metadata_credentials(R"({"AccessKeyId":"A","SecretAccessKey":"s"})"));
  const auto good =
      read_metadata_credentials(R"({"AccessKeyId":"A","SecretAccessKey":"s","Token":"t","Expiration":"2026-01-31T09:15:00Z"})");
  REQUIRE(good.has_value());
  CHECK(good->key.session_token == "t");
  CHECK(good->expires_at_ms == 1'769'850'900'000);
}

TEST_CASE("times are read with fractions and offsets, and written back the same") {
  CHECK(parse_iso8601("2026-01-31T09:15:00Z") == 1'769'850'900'000);
  CHECK(parse_iso8601("2026-01-31T10:15:00.5+01:00") == 1'769'850'900'500);
  CHECK(iso8601(1'769'850'900'123) == "2026-01-31T09:15:00.123Z");
  for (const auto* bad :
       {"", "2026-01-31", "2026-1-31T09:15:00Z", "2026-01-31T09:15:00", "2026-01-31T09:15:00Zx", "2026-01-31T09:15:00.Z"})
    CHECK_FALSE(parse_iso8601(bad).has_value());
}

TEST_CASE("an object never has more parts than S3 takes") {
  constexpr std::uint64_t mib = 1'048'576;
  CHECK(part_size_for(17 * mib, 8 * mib) == 8 * mib);
  const std::uint64_t large = std::uint64_t{5} * 1'024 * 1'024 * mib;
  CHECK((large + part_size_for(large, 8 * mib) - 1) / part_size_for(large, 8 * mib) <= 10'000);
}
