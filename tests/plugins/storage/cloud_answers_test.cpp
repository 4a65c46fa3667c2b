// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include <array>
#include <string>

#include <waybill/transfer/json_text.hpp>

#include "plugins/storage/azure_answers.hpp"
#include "plugins/storage/azure_session.hpp"
#include "plugins/storage/azure_signature.hpp"
#include "plugins/storage/azure_upload.hpp"
#include "plugins/storage/gcs_answers.hpp"
#include "plugins/storage/md5.hpp"
#include "plugins/storage/node_identity.hpp"

using namespace waybill::storage;

TEST_CASE("Shared Key signs what Microsoft's documentation says") {
  waybill::transfer::header_list headers;
  headers.add("x-ms-version", "2015-02-21");
  headers.add("x-ms-date", "Fri, 26 Jun 2015 23:39:12 GMT");
  const name_values query{{"restype", "container"}, {"comp", "metadata"}, {"timeout", "20"}};
  CHECK(azure_string_to_sign("myaccount", {"GET", "/mycontainer", query, headers, 0}) ==
        "GET\n\n\n\n\n\n\n\n\n\n\n\nx-ms-date:Fri, 26 Jun 2015 23:39:12 GMT\nx-ms-version:2015-02-21\n/myaccount/mycontainer\n"
        "comp:metadata\nrestype:container\ntimeout:20");
  headers.add("Content-Type", "text/plain; charset=UTF-8");
  headers.add("Content-MD5", "abc=");
  const name_values none;
  CHECK(azure_string_to_sign("myaccount", {"PUT", "/c/b", none, headers, 11})
            .find("PUT\n\n\n11\nabc=\ntext/plain; charset=UTF-8\n") == 0);
}

TEST_CASE("a block is named after its content, its size and its place") {
  const auto one = waybill::transfer::sha256("one");
  CHECK(block_id(one, 8, 0) == block_id(one, 8, 0));
  CHECK(block_id(one, 8, 0) != block_id(one, 8, 1));
  CHECK(block_id(one, 8, 0) != block_id(one, 9, 0));
  CHECK(block_id(one, 8, 0) != block_id(waybill::transfer::sha256("two"), 8, 0));
  CHECK(waybill::transfer::from_base64(block_id(one, 8, 49'999))->size() == 27);
  CHECK(block_size_for(10, 8) == 8);
  CHECK(block_size_for(std::uint64_t{1} << 40, 8'388'608) * 50'000 >= std::uint64_t{1} << 40);
}

TEST_CASE("names of metadata are identifiers for Azure") {
  CHECK(azure_metadata_name("waybill-destination") == "waybill_destination");
  CHECK(azure_metadata_name("2nd") == "_2nd");
}

TEST_CASE("Azure's answers are read") {
  const auto error = read_azure_error(
      "\xef\xbb\xbf<?xml version=\"1.0\"?><Error><Code>ContainerNotFound</Code><Message>It is not "
      "there.\nRequestId:1</Message></Error>");
  CHECK(error.code == "ContainerNotFound");
  CHECK(error.message == "It is not there.");
  const auto blocks = read_uncommitted_blocks(
      "<BlockList><CommittedBlocks><Block><Name>AAAA</Name><Size>1</Size></Block></CommittedBlocks>"
      "<UncommittedBlocks><Block><Name>BBBB</Name><Size>7</Size></Block></UncommittedBlocks></BlockList>");
  REQUIRE(blocks);
  REQUIRE(blocks->size() == 1);
  CHECK((*blocks)[0].id == "BBBB");
  CHECK((*blocks)[0].size == 7);
  CHECK_FALSE(read_uncommitted_blocks("<html/>"));
  const auto page = read_blobs(
      "<EnumerationResults><Blobs><Blob><Name>a/b</Name><Properties><Last-Modified>Wed, 01 Jan 2025 00:00:01 "
      "GMT</Last-Modified>"
      "<Etag>0x1</Etag><Content-Length>5</Content-Length></Properties><Metadata><waybill_destination>dst_1</"
      "waybill_destination>"
      "</Metadata></Blob><Blob><Name Encoded=\"true\">x%EF%BF%BFy</Name><Properties><Last-Modified>Wed, 01 Jan 2025 00:00:01 "
      "GMT"
      "</Last-Modified><Content-Length>0</Content-Length></Properties></Blob><Blob><Name>odd</Name></Blob></Blobs>"
      "<NextMarker>more</NextMarker></EnumerationResults>",
      "waybill_destination");
  REQUIRE(page);
  CHECK(page->next == "more");
  REQUIRE(page->objects.size() == 2);
  CHECK(page->objects[0].key == "a/b");
  CHECK(page->objects[0].modified_ms == 1'735'689'601'000);
  CHECK(page->objects[0].version == "\"0x1\"");
  CHECK(page->objects[0].owner == "dst_1");
  CHECK(page->objects[1].key == "x\xef\xbf\xbfy");
  CHECK(page->objects[1].owner == "");
}

TEST_CASE("Google's answers are read") {
  const auto error =
      read_gcs_error(R"({"error":{"code":403,"message":"No access.","errors":[{"reason":"forbidden","message":"No"}]}})");
  CHECK(error.code == "forbidden");
  CHECK(error.message == "No access.");
  CHECK(read_gcs_error("Not Found").code.empty());
  CHECK(read_gcs_error(R"({"error":"invalid_grant"})").code.empty());
  const auto page = read_gcs_objects(
      R"({"nextPageToken":"n","items":[{"name":"a","size":"5","updated":"2025-01-01T00:00:01.500Z","generation":"17",
      "metadata":{"waybill-destination":"dst_1"}},{"name":"b","size":"0","updated":"2025-01-01T00:00:00Z","generation":"x"},7]})");
  REQUIRE(page);
  CHECK(page->next == "n");
  REQUIRE(page->objects.size() == 1);
  CHECK(page->objects[0].owner == "dst_1");
  CHECK(page->objects[0].version == "17");
  CHECK(page->objects[0].modified_ms == 1'735'689'601'500);
  CHECK(read_gcs_objects("{}")->objects.empty());
  CHECK_FALSE(read_gcs_objects("[]"));
  CHECK(read_gcs_range("") == 0);
  CHECK(read_gcs_range("bytes=0-41") == 42);
  for (const auto* odd : {"bytes=1-41", "bytes=0-", "bytes=0-x", "0-41", "bytes=0-18446744073709551615"})
    CHECK_FALSE(read_gcs_range(odd));
}

TEST_CASE("MD5 is that of RFC 1321") {
  CHECK(md5_base64("") == "1B2M2Y8AsgTpgAmY7PhCfg==");
  CHECK(md5_base64("abc") == "kAFQmDzST7DWlj99KOF/cg==");
}

TEST_CASE("metadata services are known by their addresses") {
  const auto v4 = [](std::array<std::uint8_t, 4> a) { return is_metadata_address(a.data(), 4); };
  CHECK(v4({169, 254, 169, 254}));
  CHECK(v4({169, 254, 170, 2}));
  CHECK(v4({168, 63, 129, 16}));
  CHECK_FALSE(v4({127, 0, 0, 1}));
  CHECK_FALSE(v4({20, 60, 1, 1}));
  const auto v6 = [](std::array<std::uint8_t, 16> a) { return is_metadata_address(a.data(), 16); };
  CHECK(v6({0xfd, 0, 0x0e, 0xc2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0x54}));
  CHECK(v6({0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}));
  CHECK(v6({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 169, 254, 169, 254}));
  CHECK_FALSE(v6({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1}));
  CHECK_FALSE(v6({0x2a, 0x00, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}));
  bool asked = false;
  const auto guard = never_the_nodes_own([&](auto...) { return asked = true; });
  const std::array<std::uint8_t, 4> own{169, 254, 169, 254};
  CHECK_FALSE(guard(own.data(), 4, 80));
  CHECK_FALSE(asked);
  const std::array<std::uint8_t, 4> other{10, 0, 0, 1};
  CHECK(guard(other.data(), 4, 80));
}
