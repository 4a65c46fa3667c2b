// SPDX-License-Identifier: Apache-2.0
#include "radosgw_server.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <cstdlib>
#include <thread>

#include <waybill/transfer/sigv4.hpp>

namespace waybill::testing {
namespace {

/// Waits for a line of a program's output; what stands behind `mark` on it.
[[nodiscard]] std::string wait_for_line(const temporary_folder& folder, const std::string& mark, std::chrono::seconds limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (std::chrono::steady_clock::now() < end) {
    const auto text = folder.read("output");
    const auto at = text.find(mark);
    if (at != std::string::npos && text.find('\n', at) != std::string::npos)
      return text.substr(at + mark.size(), text.find('\n', at) - at - mark.size());
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  }
  INFO(folder.read("output"));
  REQUIRE(false);
  return {};
}

/// An empty file in a folder, for the output of a program.
[[nodiscard]] std::string fresh(const temporary_folder& folder, const std::string& name) {
  folder.write(name, "");
  return folder.path() + "/" + name;
}

/// A port of which the next is free too.
[[nodiscard]] std::uint16_t free_pair() {
  for (;;) {
    const auto port = free_port();
    if (port < 65'535 && free_port() != port + 1) return port;
  }
}

}  // namespace

radosgw_server& radosgw_server::instance() {
  static radosgw_server server;
  return server;
}

radosgw_server::radosgw_server() : port_(free_pair()) {
  process_ = std::make_unique<child_process>(
      std::vector<std::string>{"bash", WAYBILL_START_RADOSGW, folder_.path() + "/ceph", std::to_string(port_)},
      folder_.path() + "/output");
  static_cast<void>(wait_for_line(folder_, "ready", std::chrono::seconds{120}));
}

std::string radosgw_server::endpoint() const { return "http://127.0.0.1:" + std::to_string(port_); }

std::vector<std::string> radosgw_server::with_key(std::vector<std::string> command) const {
  std::vector<std::string> out{"env",
                               "-u",
                               "AWS_CA_BUNDLE",
                               "-u",
                               "AWS_PROFILE",
                               "AWS_ACCESS_KEY_ID=AKIDTEST",
                               "AWS_SECRET_ACCESS_KEY=SECRETTEST",
                               "AWS_DEFAULT_REGION=us-east-1",
                               "AWS_EC2_METADATA_DISABLED=true",
                               "AWS_PAGER=",
                               "AWS_CONFIG_FILE=/dev/null",
                               "RCLONE_CONFIG=" + folder_.path() + "/rclone.conf",
                               "RCLONE_LOG_LEVEL=ERROR",
                               "RCLONE_CONFIG_T_TYPE=s3",
                               "RCLONE_CONFIG_T_PROVIDER=Ceph",
                               "RCLONE_CONFIG_T_ACCESS_KEY_ID=AKIDTEST",
                               "RCLONE_CONFIG_T_SECRET_ACCESS_KEY=SECRETTEST",
                               "RCLONE_CONFIG_T_ENDPOINT=" + endpoint()};
  out.insert(out.end(), command.begin(), command.end());
  return out;
}

nlohmann::json radosgw_server::aws(std::vector<std::string> arguments) const {
  std::vector<std::string> command{"aws", "--endpoint-url", endpoint(), "--output", "json"};
  command.insert(command.end(), arguments.begin(), arguments.end());
  const auto status = run(with_key(std::move(command)), fresh(folder_, "aws.out"));
  const auto text = folder_.read("aws.out");
  INFO(text);
  REQUIRE(status == 0);
  return text.find_first_not_of(" \n") == std::string::npos ? nlohmann::json::object() : nlohmann::json::parse(text);
}

std::string radosgw_server::new_bucket() {
  auto name = "bucket-" + std::to_string(++buckets_);
  REQUIRE(run(with_key({"rclone", "mkdir", "T:" + name}), fresh(folder_, "rclone.out")) == 0);
  return name;
}

nlohmann::json radosgw_server::place(const std::string& bucket) const {
  return {{"bucket", bucket}, {"endpoint", endpoint()}, {"accessKeyId", "AKIDTEST"}, {"secretAccessKey", "SECRETTEST"}};
}

// By curl, which signs too: a start of the aws client takes a second.
std::string radosgw_server::object(const std::string& bucket, const std::string& key) const {
  const auto url = endpoint() + "/" + bucket + "/" + transfer::uri_encode(key, transfer::slash::keep);
  const auto status = run({"curl", "-q", "-sS", "-f", "--path-as-is", "--aws-sigv4", "aws:amz:us-east-1:s3", "--user",
                           "AKIDTEST:SECRETTEST", "--header", "x-amz-content-sha256: UNSIGNED-PAYLOAD", url},
                          fresh(folder_, "object"));
  auto text = folder_.read("object");
  INFO(text);
  REQUIRE(status == 0);
  return text;
}

std::string radosgw_server::sha256_by_rclone(const std::string& bucket, const std::string& key) const {
  REQUIRE(run(with_key({"rclone", "hashsum", "sha256", "--download", "T:" + bucket + "/" + key}), fresh(folder_, "hash.out")) ==
          0);
  return folder_.read("hash.out").substr(0, 64);
}

void radosgw_server::put(const std::string& bucket, const std::string& key, const std::string& bytes) const {
  folder_.write("upload", bytes);
  REQUIRE(run(with_key({"rclone", "copyto", folder_.path() + "/upload", "T:" + bucket + "/" + key}),
              fresh(folder_, "rclone.out")) == 0);
}

std::vector<std::string> radosgw_server::keys(const std::string& bucket) const {
  const auto all = aws({"s3api", "list-objects-v2", "--bucket", bucket});
  std::vector<std::string> out;
  for (const auto& one : all.value("Contents", nlohmann::json::array())) out.push_back(one["Key"]);
  return out;
}

std::size_t radosgw_server::open_uploads(const std::string& bucket) const {
  REQUIRE(run(with_key({"rclone", "backend", "list-multipart-uploads", "T:" + bucket}), fresh(folder_, "uploads")) == 0);
  const auto all = nlohmann::json::parse(folder_.read("uploads"));
  return all.value(bucket, nlohmann::json::array()).size();
}

credential_services& credential_services::instance() {
  static credential_services services;
  return services;
}

credential_services::credential_services() {
  const auto session = radosgw_server::instance().aws(
      {"sts", "assume-role", "--role-arn", "arn:aws:iam:::role/R", "--role-session-name", "services"});
  folder_.write("key.json", session["Credentials"].dump());
  process_ = std::make_unique<child_process>(
      std::vector<std::string>{"python3", WAYBILL_CREDENTIAL_SERVICES, folder_.path() + "/key.json"},
      folder_.path() + "/output");
  port_ = wait_for_line(folder_, "listening on ", std::chrono::seconds{20});
}

int credential_services::given() const {
  REQUIRE(run({"curl", "-s", "-f", url("/count")}, fresh(folder_, "count")) == 0);
  return std::stoi(folder_.read("count"));
}

}  // namespace waybill::testing
