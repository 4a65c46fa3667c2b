// SPDX-License-Identifier: Apache-2.0
// Holds api/openapi.yaml against the running server, both ways: every route, every parameter, every member of a body and of an
// answer, and every status.
#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "api/routes.hpp"
#include "core/schema/config_schema.hpp"
#include "tests/api/running_server.hpp"

using namespace waybill;
using namespace waybill::tests;
using nlohmann::json;

namespace {

struct operation {
  std::string method;  ///< upper case
  std::string path;    ///< as in the document
  std::string target;  ///< with the examples in place of its parameters
  std::string query;   ///< every parameter with its example
  json spec;
  std::vector<json> parameters;

  [[nodiscard]] std::string name() const { return method + " " + path; }
  [[nodiscard]] bool asks_key() const { return !spec.contains("security"); }
  [[nodiscard]] std::set<int> statuses() const {
    std::set<int> out;
    for (const auto& [status, unused] : spec["responses"].items()) out.insert(std::stoi(status));
    return out;
  }
  [[nodiscard]] int success() const { return *statuses().begin(); }
};

/// valijson holds a format against null, too, which JSON Schema does not.
void drop_formats_of_nullables(json& node) {
  if (node.is_object() && node.contains("format") && node["type"].is_array()) node.erase("format");
  if (node.is_structured())
    for (auto& child : node) drop_formats_of_nullables(child);
}

class contract {
public:
  explicit contract(json document) : document_(std::move(document)) {
    drop_formats_of_nullables(document_["components"]);
    for (const auto& [path, item] : document_["paths"].items())
      for (const auto& [method, spec] : item.items())
        if (method != "parameters") add(path, method, item, spec);
  }

  [[nodiscard]] const std::vector<operation>& operations() const { return operations_; }

  [[nodiscard]] json resolved(json node) const {
    while (node.contains("$ref")) node = document_.at(json::json_pointer{node["$ref"].get<std::string>().substr(1)});
    return node;
  }

  /// The schema and the example of the body; null where it takes none, or any bytes.
  [[nodiscard]] json body(const operation& op) const {
    if (!op.spec.contains("requestBody") || takes_bytes(op)) return nullptr;
    return *resolved(op.spec["requestBody"])["content"].begin();
  }
  [[nodiscard]] bool takes_bytes(const operation& op) const {
    return op.spec.contains("requestBody") && body_type(op) == "*/*";
  }
  [[nodiscard]] std::string body_type(const operation& op) const {
    return resolved(op.spec["requestBody"])["content"].begin().key();
  }

  /// What of `value` breaks `schema`.
  [[nodiscard]] std::vector<core::field_fault> faults(const json& schema, const json& value) const {
    const auto compiled = core::config_schema::compile(
        {{"type", "object"}, {"allOf", json::array({schema})}, {"components", document_["components"]}});
    REQUIRE(compiled);
    return compiled->validate(value);
  }

private:
  void add(const std::string& path, std::string method, const json& item, const json& spec) {
    std::transform(method.begin(), method.end(), method.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    operation op{method, path, path, {}, spec, {}};
    for (const auto* list : {&item, &spec})
      if (list->contains("parameters"))
        for (const auto& parameter : (*list)["parameters"]) op.parameters.push_back(resolved(parameter));
    for (const auto& p : op.parameters) {
      const auto name = p["name"].get<std::string>();
      const auto example = p.value("example", json{});
      const auto text = example.is_string() ? example.get<std::string>() : example.dump();
      if (p["in"] == "path") op.target.replace(op.target.find("{" + name + "}"), name.size() + 2, text);
      if (p["in"] == "query") op.query += (op.query.empty() ? "?" : "&") + name + "=" + text;
    }
    operations_.push_back(std::move(op));
  }

  json document_;
  std::vector<operation> operations_;
};

const contract& the_contract() {
  static const contract made = [] {
    running_server node;
    return contract{node.client("").get("/openapi.json").json()};
  }();
  return made;
}

http_answer send(http_client& client, const operation& op, const std::string& target, const http_client::headers& extra = {}) {
  const auto body = the_contract().body(op);
  if (body.is_null()) return client.request(op.method, target, {}, extra);
  auto fields = extra;
  const auto is_type = [](const auto& field) { return field.first == "Content-Type"; };
  if (std::none_of(fields.begin(), fields.end(), is_type)) fields.emplace_back("Content-Type", the_contract().body_type(op));
  return client.request(op.method, target, body["example"].dump(), fields);
}

const std::string download = "/d/{token}";

core::error_code code_for(int status) {
  using core::error_code;
  static const std::map<int, error_code> codes{{403, error_code::forbidden},
                                               {404, error_code::not_found},
                                               {409, error_code::conflict},
                                               {410, error_code::payload_expired},
                                               {412, error_code::precondition_failed},
                                               {413, error_code::payload_too_large},
                                               {422, error_code::connection_test_failed},
                                               {429, error_code::rate_limit_exceeded},
                                               {500, error_code::internal_error},
                                               {503, error_code::store_unavailable}};
  return codes.at(status);
}

/// Brings the operation to answer with that status; 0 if it can not.
http_answer provoke(running_server& node, const operation& op, int status) {
  auto client = node.client(fake_service::operator_key);
  const bool has_body = !the_contract().body(op).is_null();
  switch (status) {
    case 200:
    case 201:
    case 204:
      return send(client, op, op.target);
    case 202: {
      // Where the example only asks what would be done.
      auto body = the_contract().body(op);
      if (body.is_null() || !body["example"].value("dryRun", false)) return send(client, op, op.target);
      body["example"]["dryRun"] = false;
      return client.request(op.method, op.target, body["example"].dump(), {{"Content-Type", the_contract().body_type(op)}});
    }
    case 206:
      return send(client, op, op.target, {{"Range", "bytes=0-0"}});
    case 304:
      return send(client, op, op.target, {{"If-None-Match", op.path == download ? "*" : "\"3\""}});
    case 400:
      return send(client, op, op.target + "?surprise=1");
    case 401:
      if (!op.asks_key()) node.service.fail_next({core::error_code::unauthenticated, "a password", {}, {}});
      return send(client, op, op.target, {{"Authorization", "Bearer wrong"}});
    case 413: {
      if (!has_body) break;
      auto bare = node.client(fake_service::operator_key);
      return bare.request(op.method, op.target, std::string(1'048'577, ' '));
    }
    case 415:
      if (the_contract().takes_bytes(op)) return send(client, op, op.target, {{"Content-Encoding", "gzip"}});
      return has_body ? send(client, op, op.target, {{"Content-Type", "text/plain"}}) : http_answer{};
    case 416:
      return send(client, op, op.target, {{"Range", "bytes=999999-"}});
    default:
      break;
  }
  if (status == 503 && op.path == "/readyz") {
    node.service.ready = false;
    auto answer = send(client, op, op.target);
    node.service.ready = true;
    return answer;
  }
  node.service.fail_next({code_for(status), "made to fail", {}, {}});
  return send(client, op, op.target);
}

}  // namespace

TEST_CASE("the contract names every route, and every route of it is there") {
  std::set<std::string> documented;
  for (const auto& op : the_contract().operations()) documented.insert(op.name());
  std::set<std::string> routed;
  for (const auto& route : api::all_routes())
    routed.insert(std::string{api::to_string(route.method)} + " " + std::string{route.path});
  CHECK(documented == routed);
}

TEST_CASE("every operation takes the parameters the contract names, and no others") {
  running_server node;
  for (const auto& op : the_contract().operations()) {
    INFO(op.name());
    auto client = node.client(fake_service::operator_key);
    CHECK(send(client, op, op.target + op.query).status == op.success());
    CHECK(send(client, op, op.target + op.query + (op.query.empty() ? "?" : "&") + "surprise=1").status == 400);
    for (const auto& p : op.parameters) CHECK((p["in"] == "header" || p.contains("example")));
  }
}

TEST_CASE("every filter the server knows is in the contract") {
  // The other way round: names the server's lists could take. A filter that works but is not written down would be found here.
  const std::vector<std::string> names{"destinationId", "deliveryId",  "taskId",  "status",   "state",  "health",
                                       "from",          "to",          "type",    "tag",      "tags",   "label",
                                       "text",          "q",           "sort",    "category", "limit",  "cursor",
                                       "correlationId", "payloadType", "kind",    "test",     "dryRun", "orderBy",
                                       "offset",        "page",        "include", "fields",   "name"};
  running_server node;
  for (const auto& op : the_contract().operations()) {
    auto client = node.client(fake_service::operator_key);
    for (const auto& name : names) {
      INFO(op.name() << " " << name);
      const bool documented = std::any_of(op.parameters.begin(), op.parameters.end(),
                                          [&](const json& p) { return p["in"] == "query" && p["name"] == name; });
      const auto answer = send(client, op, op.target + "?" + name + "=%00");
      const auto problem = answer.json();
      const bool unknown = problem.is_object() && problem.contains("errors") && problem["errors"][0]["rule"] == "unknown";
      CHECK(unknown == !documented);
    }
  }
}

TEST_CASE("every body the contract shows is one the contract allows, and the server takes") {
  running_server node;
  for (const auto& op : the_contract().operations()) {
    const auto body = the_contract().body(op);
    if (body.is_null()) continue;
    INFO(op.name());
    CHECK(the_contract().faults(body["schema"], body["example"]).empty());
    auto client = node.client(fake_service::operator_key);
    CHECK(send(client, op, op.target).status == op.success());
  }
}

TEST_CASE("every member of a body in the contract is known to the server, and no other is") {
  running_server node;
  for (const auto& op : the_contract().operations()) {
    const auto body = the_contract().body(op);
    if (body.is_null()) continue;
    const auto schema = the_contract().resolved(body["schema"]);
    for (const auto& [member, unused] : schema["properties"].items()) {
      INFO(op.name() << " " << member);
      CHECK(body["example"].contains(member));  // sent, and accepted, by the test above
    }
    CHECK(schema["additionalProperties"] == false);
    auto wrong = body["example"];
    wrong["surprise"] = 1;
    INFO(op.name());
    auto client = node.client(fake_service::operator_key);
    const auto answer = client.request(op.method, op.target, wrong.dump(), {{"Content-Type", the_contract().body_type(op)}});
    CHECK(answer.status == 400);
    CHECK(answer.pointers() == std::vector<std::string>{"/surprise"});
  }
}

TEST_CASE("what a body must have by the contract, the server insists on") {
  running_server node;
  for (const auto& op : the_contract().operations()) {
    const auto body = the_contract().body(op);
    if (body.is_null()) continue;
    const auto schema = the_contract().resolved(body["schema"]);
    for (const auto& [member, unused] : schema["properties"].items()) {
      INFO(op.name() << " " << member);
      auto without = body["example"];
      without.erase(member);
      const auto required = schema.value("required", json::array());
      const bool needed = std::find(required.begin(), required.end(), member) != required.end();
      auto client = node.client(fake_service::operator_key);
      const auto answer =
          client.request(op.method, op.target, without.dump(), {{"Content-Type", the_contract().body_type(op)}});
      CHECK((answer.status == 400) == needed);
      if (needed) CHECK(answer.pointers() == std::vector<std::string>{"/" + member});
    }
  }
}

TEST_CASE("every status of the contract can be met, and its answer is as the contract says") {
  running_server node;
  for (const auto& op : the_contract().operations())
    for (const auto status : op.statuses()) {
      if (status == 504 || status == 408) continue;  // their own tests: they take their time
      INFO(op.name() << " " << status);
      const auto answer = provoke(node, op, status);
      CHECK(answer.status == status);
      const auto response = the_contract().resolved(op.spec["responses"][std::to_string(status)]);
      const auto headers = response.value("headers", json::object());
      for (const auto& [name, unused] : headers.items()) {
        auto lower = name;
        std::transform(lower.begin(), lower.end(), lower.begin(),
                       [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        if (name != "Idempotency-Replayed") CHECK(answer.headers.count(lower) == 1);
      }
      const auto content = response.value("content", json::object());
      if (content.empty()) {
        CHECK(answer.body.empty());
        continue;
      }
      const auto media = content.begin().key();
      if (media != "*/*") CHECK(answer.header("content-type").rfind(media, 0) == 0);
      if (media.find("json") == std::string::npos) continue;
      std::string wrong;
      for (const auto& fault : the_contract().faults(content.begin().value()["schema"], answer.json()))
        wrong += fault.pointer + ": " + fault.message + "; ";
      CHECK(wrong == "");
    }
}

TEST_CASE("no operation answers with a status that the contract does not name") {
  running_server node;
  for (const auto& op : the_contract().operations()) {
    // What a client can bring about by itself, without the service's doing.
    for (const auto status : {200, 304, 400, 401, 413, 415}) {
      if (status == 413 && the_contract().body(op).is_null()) continue;
      if (status == 401 && !op.asks_key()) continue;
      INFO(op.name() << " " << status);
      const auto met = provoke(node, op, status).status;
      CHECK((met == 0 || op.statuses().count(met) == 1));
    }
    auto client = node.client(fake_service::operator_key);
    const auto stale = send(client, op, op.target, {{"If-Match", "\"999\""}}).status;
    INFO(op.name() << " If-Match " << stale);
    CHECK(op.statuses().count(stale) == 1);
  }
}

TEST_CASE("every operation that asks the service may time out, as the contract says") {
  running_server node{{}, fake_service::answers::when_released};
  std::vector<std::pair<const operation*, std::unique_ptr<http_client>>> waiting;
  for (const auto& op : the_contract().operations()) {
    if (op.statuses().count(504) == 0) continue;
    auto client = std::make_unique<http_client>(node.server->address(), std::string{fake_service::operator_key});
    const auto body = the_contract().body(op);
    auto text =
        op.method + " " + op.target + " HTTP/1.1\r\nAuthorization: Bearer " + std::string{fake_service::operator_key} + "\r\n";
    const auto bytes = body.is_null() ? std::string{} : body["example"].dump();
    if (!bytes.empty())
      text += "Content-Type: " + the_contract().body_type(op) + "\r\nContent-Length: " + std::to_string(bytes.size()) + "\r\n";
    client->send(text + "\r\n" + bytes);
    waiting.emplace_back(&op, std::move(client));
  }
  REQUIRE(eventually([&] { return node.service.waiting() == waiting.size(); }));
  node.clock.push(std::chrono::seconds{31});
  for (auto& [op, client] : waiting) {
    INFO(op->name());
    CHECK(client->receive().status == 504);
  }
}
