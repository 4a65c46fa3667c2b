// SPDX-License-Identifier: Apache-2.0
#include "core/links/link_password.hpp"

#include <catch2/catch.hpp>
#include <set>

using namespace waybill::core;

TEST_CASE("one-time passwords are short, unlike and easy to tell") {
  std::set<std::string> made;
  for (int i = 0; i < 100; ++i) {
    const auto password = make_one_time_password();
    CHECK(password.size() == 11);
    CHECK(password[5] == '-');
    CHECK(password.find_first_of("ILOU") == std::string::npos);
    made.insert(password);
  }
  CHECK(made.size() == 100);
}

TEST_CASE("a password is known again by its hash, which is another every time") {
  const auto hash = hash_password("correct horse", link_password::shared);
  CHECK(hash.find("correct") == std::string::npos);
  CHECK(is_password("correct horse", link_password::shared, hash));
  CHECK_FALSE(is_password("Correct horse", link_password::shared, hash));
  CHECK_FALSE(is_password("", link_password::shared, hash));
  CHECK(hash_password("correct horse", link_password::shared) != hash);
}

TEST_CASE("a one-time password is taken as people type it") {
  const auto hash = hash_password("7K0Q1-M9D4T", link_password::one_time);
  for (const auto* typed : {"7K0Q1-M9D4T", "7k0q1m9d4t", " 7KOQI-M9D4T ", "7koql m9d4t"})
    CHECK(is_password(typed, link_password::one_time, hash));
  CHECK_FALSE(is_password("7K0Q1-M9D4X", link_password::one_time, hash));
}

TEST_CASE("nothing is the password of a hash that is none") {
  for (const auto* hash : {"", "scrypt:v1:", "scrypt:v1:!!", "scrypt:v1:AAAA", "plain"})
    CHECK_FALSE(is_password("", link_password::one_time, hash));
}

TEST_CASE("a proved password holds for its link and its hash") {
  proved_passwords proved;
  download_link link;
  link.id = link_id::make();
  link.password_hash = "one";
  CHECK_FALSE(proved.has("p", link));
  proved.add("p", link);
  CHECK(proved.has("p", link));
  CHECK_FALSE(proved.has("q", link));
  auto replaced = link;
  replaced.password_hash = "two";
  CHECK_FALSE(proved.has("p", replaced));
  auto other = link;
  other.id = link_id::make();
  CHECK_FALSE(proved.has("p", other));
}
