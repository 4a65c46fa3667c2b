// SPDX-License-Identifier: Apache-2.0
// The published examples: AWS's Signature Version 4 test suite, and those of the S3 API reference ("Signature Calculations for
// the Authorization Header: Transferring Payload in a Single Chunk").
#include <waybill/transfer/sigv4.hpp>

#include <catch2/catch.hpp>

#include <memory>
#include <string>

using namespace waybill::transfer;

namespace {

class request final : public exchange {
public:
  request(std::string with, std::string to) : exchange(nullptr) {
    method = std::move(with);
    url = std::move(to);
  }
  void finished(std::unique_ptr<exchange>, const outcome&) noexcept override {}
  [[nodiscard]] std::string header(std::string_view name) const {
    std::string out;
    headers.each([&](std::string_view n, std::string_view value, secrecy) {
      if (n == name) out = value;
    });
    return out;
  }
  [[nodiscard]] std::string signature() const {
    const auto all = header("Authorization");
    return all.substr(all.rfind('=') + 1);
  }
};

constexpr std::int64_t in_2015 = 1'440'938'160'000;  // 20150830T123600Z
constexpr std::int64_t in_2013 = 1'369'353'600'000;  // 20130524T000000Z
const aws_credentials suite{"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", ""};
const aws_credentials s3_example{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", ""};
const std::string of_nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

[[nodiscard]] std::string suite_signature(request& what, std::string_view hash = of_nothing) {
  sigv4_signer signer{"us-east-1", "service"};
  signer.sign(what, suite, hash, in_2015);
  return what.signature();
}

[[nodiscard]] std::string s3_signature(request& what, std::string_view hash = of_nothing) {
  sigv4_signer signer{"us-east-1", "s3"};
  signer.sign(what, s3_example, hash, in_2013);
  return what.signature();
}

}  // namespace

TEST_CASE("the test suite's plain requests have its signatures") {
  request get{"GET", "https://example.amazonaws.com/"};
  CHECK(suite_signature(get) == "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
  CHECK(get.header("Authorization") ==
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, "
        "Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
  CHECK(get.header("X-Amz-Date") == "20150830T123600Z");
  request post{"POST", "https://example.amazonaws.com/"};
  CHECK(suite_signature(post) == "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b");
}

TEST_CASE("the order of parameters does not matter") {
  request get{"GET", "https://example.amazonaws.com/?Param2=value2&Param1=value1"};
  CHECK(suite_signature(get) == "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500");
}

TEST_CASE("the examples of the S3 reference have its signatures") {
  request get{"GET", "https://examplebucket.s3.amazonaws.com/test.txt"};
  get.headers.add("Range", "bytes=0-9");
  CHECK(s3_signature(get) == "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
  request put{"PUT", "https://examplebucket.s3.amazonaws.com/" + uri_encode("test$file.text")};
  put.headers.add("Date", "Fri, 24 May 2013 00:00:00 GMT");
  put.headers.add("x-amz-storage-class", "REDUCED_REDUNDANCY");
  CHECK(s3_signature(put, to_hex(sha256("Welcome to Amazon S3."))) ==
        "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
  request lifecycle{"GET", "https://examplebucket.s3.amazonaws.com/?lifecycle"};
  CHECK(s3_signature(lifecycle) == "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
  request list{"GET", "https://examplebucket.s3.amazonaws.com/?max-keys=2&prefix=J"};
  CHECK(s3_signature(list) == "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

TEST_CASE("a session token is sent, signed and kept out of records") {
  request get{"GET", "https://example.amazonaws.com/"};
  sigv4_signer signer{"us-east-1", "s3"};
  signer.sign(get, {"AKID", "secret", "the-token"}, of_nothing, in_2015);
  CHECK(get.header("X-Amz-Security-Token") == "the-token");
  CHECK(get.header("Authorization").find("x-amz-security-token") != std::string::npos);
  get.headers.each([](std::string_view name, std::string_view, secrecy marked) {
    const bool hides = name == "X-Amz-Security-Token" || name == "Authorization";
    CHECK((marked == secrecy::secret) == hides);
  });
}

TEST_CASE("the host is signed as libcurl sends it: without the port that is the scheme's own") {
  for (const auto* url :
       {"https://example.amazonaws.com:443/", "http://example.amazonaws.com:80/", "https://example.amazonaws.com"}) {
    request get{"GET", url};
    CHECK(suite_signature(get) == "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
  }
  request other{"GET", "http://example.amazonaws.com:8080/"};
  CHECK(suite_signature(other) != "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
}

TEST_CASE("a new day, secret or region has a key of its own") {
  sigv4_signer signer{"us-east-1", "service"};
  request one{"GET", "https://example.amazonaws.com/"};
  signer.sign(one, suite, of_nothing, in_2015);
  request other_day{"GET", "https://example.amazonaws.com/"};
  signer.sign(other_day, suite, of_nothing, in_2015 + 86'400'000);
  request other_secret{"GET", "https://example.amazonaws.com/"};
  signer.sign(other_secret, {"AKIDEXAMPLE", "other", ""}, of_nothing, in_2015);
  request again{"GET", "https://example.amazonaws.com/"};
  signer.sign(again, suite, of_nothing, in_2015);
  CHECK(other_day.signature() != one.signature());
  CHECK(other_secret.signature() != one.signature());
  CHECK(again.signature() == one.signature());
}

TEST_CASE("all but unreserved characters are encoded") {
  CHECK(uri_encode("a b+c/d~e_f.g-h") == "a%20b%2Bc%2Fd~e_f.g-h");
  CHECK(uri_encode("a//../b c", slash::keep) == "a//../b%20c");
  CHECK(uri_encode("\xc3\xa9%=&") == "%C3%A9%25%3D%26");
}

TEST_CASE("hashing piece by piece gives what hashing at once gives") {
  sha256_hasher hasher;
  hasher.add("Welcome to ");
  hasher.add("");
  hasher.add("Amazon S3.");
  CHECK(to_hex(hasher.finish()) == to_hex(sha256("Welcome to Amazon S3.")));
  // RFC 4231, test case 2
  CHECK(to_hex(hmac_sha256("Jefe", "what do ya want for nothing?")) ==
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}
