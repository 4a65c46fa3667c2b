// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <filesystem>
#include <set>
#include <thread>
#include <vector>

#include "core/security/secret_box.hpp"
#include "tests/core/temporary_folder.hpp"

#include <catch2/catch.hpp>
#include <sys/stat.h>

using namespace waybill::core;
using namespace waybill::core::tests;

namespace {

const std::string hex_text = "000102030405060708090a0b0c0d0e0f101112131415161718191A1B1C1D1E1F";
const std::string base64_text = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

}  // namespace

TEST_CASE("a master key is read from hex or base64", "[master_key]") {
  const auto hex = parse_master_key(hex_text);
  REQUIRE(hex);
  for (std::size_t i = 0; i < 32; ++i) CHECK((*hex)[i] == i);
  CHECK(parse_master_key(base64_text + "\n") == *hex);
}

TEST_CASE("what is no key is refused without being quoted", "[master_key]") {
  for (const auto& text : {std::string{}, std::string{"hunter2"}, hex_text.substr(2), hex_text + "00", std::string(64, 'g'),
                           base64_text.substr(4), base64_text.substr(0, 43)}) {
    const auto read = parse_master_key(text);
    REQUIRE_FALSE(read);
    CHECK(read.error().code == error_code::validation_error);
    if (!text.empty()) CHECK(read.error().message.find(text) == std::string::npos);
  }
}

TEST_CASE("a missing key file is made for its owner alone, and read from then on", "[master_key]") {
  const temporary_folder folder;
  const auto path = folder.file("master.key");
  const auto made = load_or_make_master_key(path);
  REQUIRE(made);
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  CHECK(load_or_make_master_key(path) == *made);
  CHECK(parse_master_key(read_all(path)) == *made);
  const auto entries = std::distance(std::filesystem::directory_iterator{folder.file("")}, {});
  CHECK(entries == 1);  // the temporary file is gone
}

TEST_CASE("a key file that others can read is refused", "[master_key]") {
  const temporary_folder folder;
  const auto path = folder.write("master.key", base64_text + "\n");
  for (const auto mode : {0640, 0604, 0660, 0610}) {
    ::chmod(path.c_str(), static_cast<mode_t>(mode));
    const auto read = load_or_make_master_key(path);
    REQUIRE_FALSE(read);
    CHECK(read.error().message.find(path) != std::string::npos);
    CHECK(read.error().message.find("0600") != std::string::npos);
  }
  ::chmod(path.c_str(), 0400);
  CHECK(load_or_make_master_key(path));
}

TEST_CASE("a key file that holds no key is refused and left as it is", "[master_key]") {
  const temporary_folder folder;
  for (const auto& content : {std::string{}, std::string{"not a key"}, std::string(5'000, 'A')}) {
    const auto path = folder.write("master.key", content);
    ::chmod(path.c_str(), 0600);
    const auto read = load_or_make_master_key(path);
    REQUIRE_FALSE(read);
    if (!content.empty()) CHECK(read.error().message.find(content) == std::string::npos);
    CHECK(read_all(path) == content);
  }
}

TEST_CASE("a folder in the key's place, or no folder to hold it, is an error", "[master_key]") {
  const temporary_folder folder;
  std::filesystem::create_directory(folder.file("master.key"));
  CHECK_FALSE(load_or_make_master_key(folder.file("master.key")));
  CHECK_FALSE(load_or_make_master_key(folder.file("missing/master.key")));
}

TEST_CASE("those who make the key at the same moment end with the same one", "[master_key]") {
  const temporary_folder folder;
  const auto path = folder.file("master.key");
  std::vector<std::thread> threads;
  std::vector<result<master_key>> made(8, fail(error_code::internal_error, "not run"));
  std::atomic<bool> go{false};
  threads.reserve(made.size());
  for (auto& one : made) {
    threads.emplace_back([&] {
      while (!go) std::this_thread::yield();
      one = load_or_make_master_key(path);
    });
  }
  go = true;
  for (auto& thread : threads) thread.join();
  std::set<master_key> keys;
  for (const auto& one : made) {
    REQUIRE(one);
    keys.insert(*one);
  }
  CHECK(keys.size() == 1);
}
