// SPDX-License-Identifier: Apache-2.0
#include "core/plugin_host/plugin_table.hpp"

#include <catch2/catch.hpp>
#include <cstddef>
#include <cstring>
#include <vector>

#include "core/plugin_host/foreign_text.hpp"
#include "tests/plugin_host/scripted_plugin.hpp"

using namespace waybill::core;
using namespace waybill::tests;

namespace {

wb_plugin sound() {
  auto t = scripted_table();
  t.open = [](wb_str, wb_handler_ctx*, wb_handler**, wb_fault_sink, void*) -> std::uint32_t { return WB_OK; };
  t.type = view_of("good_one");
  t.title = view_of("Good one");
  t.version = view_of("1.2.3");
  t.config_schema = view_of(R"({"type":"object"})");
  return t;
}

table_faults faults_of(const wb_plugin& t) {
  wb_plugin copy;
  auto faults = copy_slots(reinterpret_cast<const std::uint8_t*>(&t), sizeof t, copy);
  plugin_table texts;
  if (faults.empty()) faults = copy_texts(copy, texts);
  return faults;
}

}  // namespace

TEST_CASE("A sound table has no fault") { CHECK(faults_of(sound()).empty()); }

TEST_CASE("A table of another major version is refused in words that name both") {
  auto t = sound();
  t.abi_major = 7;
  t.abi_minor = 3;
  t.deliver = nullptr;  // another layout: its slots mean nothing
  CHECK(faults_of(t) == table_faults{"the plugin speaks ABI 7.3, this engine speaks 1.1: the major versions must be equal"});
}

TEST_CASE("A plugin that needs a newer minor version is refused in words that name both") {
  auto t = sound();
  t.min_minor = 4;
  CHECK(faults_of(t) == table_faults{"the plugin needs an engine of ABI 1.4 or newer, this engine speaks 1.1"});
}

TEST_CASE("A table that says it takes batches has the slot for them") {
  auto t = sound();
  t.features = WB_FEATURE_BATCH;
  CHECK(faults_of(t).empty());
  t.deliver_batch = nullptr;
  const table_faults missing{"it says it takes batches (WB_FEATURE_BATCH), but its slot `deliver_batch` is NULL"};
  CHECK(faults_of(t) == missing);
  t = sound();
  t.features = WB_FEATURE_BATCH;
  t.struct_size = offsetof(wb_plugin, deliver_batch);  // a table of ABI 1.0 ends before it
  CHECK(faults_of(t) == missing);
}

TEST_CASE("Every missing slot is named") {
  auto t = sound();
  t.open = nullptr;
  t.close = nullptr;
  CHECK(faults_of(t) == table_faults{"its slot `open` is NULL, which this engine requires",
                                     "its slot `close` is NULL, which this engine requires"});
}

TEST_CASE("validate, cancel and drain may be left out") {
  auto t = sound();
  t.validate = nullptr;
  t.cancel = nullptr;
  t.drain = nullptr;
  CHECK(faults_of(t).empty());
}

TEST_CASE("A short table is refused by the slot it lacks, a longer one is welcome") {
  auto t = sound();
  t.struct_size = offsetof(wb_plugin, cancel);
  CHECK(faults_of(t) ==
        table_faults{"its table of 120 bytes ends before the slot `close` at byte 136, which this engine requires"});
  t.struct_size = sizeof t + 64;
  CHECK(faults_of(t).empty());
}

TEST_CASE("Slots past the size of a table are not read") {
  auto t = sound();
  wb_plugin copy;
  t.struct_size = offsetof(wb_plugin, drain);
  (void)copy_slots(reinterpret_cast<const std::uint8_t*>(&t), sizeof t, copy);
  CHECK(copy.cancel != nullptr);
  CHECK(copy.drain == nullptr);
}

TEST_CASE("A size that cannot be one is refused") {
  auto t = sound();
  t.struct_size = 0;
  CHECK(faults_of(t) == table_faults{"its table says it has 0 bytes; the versions alone take 16"});
  t.struct_size = 0xFFFFFFFF;
  CHECK(faults_of(t) == table_faults{"its table says it has 4294967295 bytes, this engine knows 152: struct_size was not set"});
  wb_plugin copy;
  CHECK(copy_slots(nullptr, 0, copy) == table_faults{"there is no table"});
}

TEST_CASE("Every fault of the texts is reported") {
  auto t = sound();
  t.type = view_of("Not A Type");
  t.title = wb_str{nullptr, 12};
  t.version = view_of("\xff");
  const std::string huge(2'000'000, ' ');
  t.config_schema = view_of(huge);
  CHECK(faults_of(t) == table_faults{"its type `Not A Type` is not of the form [a-z][a-z0-9_]{1,31}", "its `title` is empty",
                                     "its `version` is not UTF-8",
                                     "its `config_schema` has 2000000 bytes, this engine takes 1048576"});
}

TEST_CASE("Type names") {
  CHECK(is_type_name("s3"));
  CHECK(is_type_name("a_2"));
  CHECK(is_type_name("a" + std::string(31, 'b')));
  CHECK_FALSE(is_type_name("a" + std::string(32, 'b')));
  CHECK_FALSE(is_type_name("a"));
  CHECK_FALSE(is_type_name(""));
  CHECK_FALSE(is_type_name("2a"));
  CHECK_FALSE(is_type_name("aB"));
  CHECK_FALSE(is_type_name("a-b"));
}
