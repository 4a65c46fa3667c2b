// SPDX-License-Identifier: Apache-2.0
#include <iostream>
#include <memory>

#include "cli/commands/destination_commands.hpp"
#include "cli/json_edit.hpp"

#include <CLI/CLI.hpp>

namespace waybill::cli {
namespace {

/// A destination as the options describe it: a file first, the options laid over it.
struct destination_options {
  std::string id;
  std::string file;
  std::string type, label, url;
  std::vector<std::string> assignments;
  std::string version;
  bool test = false;
  bool yes = false;

  void add_to(CLI::App& command) {
    command.add_option("--file", file, "JSON object as the API takes it; - is standard input");
    command.add_option("--type", type, "webhook, or another of `waybill types`");
    command.add_option("--label", label);
    command.add_option("--url", url, "short for --set config.url=…");
    command
        .add_option("--set", assignments, "member.member=value, such as policy.limits.maxConcurrency=50; once or several times")
        ->allow_extra_args(false);
  }

  [[nodiscard]] outcome<std::string> body() const {
    auto object = read_object(file);
    if (!object) return tl::unexpected<failure>(object.error());
    if (!type.empty()) (*object)["type"] = type;
    if (!label.empty()) (*object)["label"] = label;
    if (!url.empty()) {
      if (const auto done = assign(*object, "config.url=" + json(url).dump()); !done)
        return tl::unexpected<failure>(done.error());
    }
    for (const auto& assignment : assignments)
      if (const auto done = assign(*object, assignment); !done) return tl::unexpected<failure>(done.error());
    return object->dump(-1, ' ', false, json::error_handler_t::replace);
  }
};

/// Sends, and shows the resource that comes back.
outcome<exit_code> send_and_show(context& where, const char* method, const std::string& path, outcome<std::string> body,
                                 std::vector<std::string> headers = {}) {
  if (!body) return tl::unexpected<failure>(body.error());
  const auto answer = where.rest.send(method, path, std::move(*body), std::move(headers));
  if (!answer) return tl::unexpected<failure>(answer.error());
  if (!answer->value.is_null()) print_resource(where, answer->value);
  return exit_code::ok;
}

std::vector<std::string> if_match(const std::string& version) {
  if (version.empty()) return {};
  const bool quoted = version.front() == '"';
  return {"If-Match: " + (quoted ? version : '"' + version + '"')};
}

void add_create(CLI::App& parent, action& chosen) {
  auto* command = parent.add_subcommand("create", "make a destination; a generated signing secret is shown this once");
  auto o = std::make_shared<destination_options>();
  o->add_to(*command);
  command->add_flag("--test", o->test, "connect before it is saved; it is not saved if that fails");
  command->callback([o, &chosen] {
    chosen = [o](context& where) {
      return send_and_show(where, "POST", o->test ? "/v1/destinations?test=true" : "/v1/destinations", o->body());
    };
  });
}

void add_update(CLI::App& parent, action& chosen) {
  auto* command = parent.add_subcommand("update", "change what is named and leave the rest; null takes a member away");
  auto o = std::make_shared<destination_options>();
  command->add_option("ID", o->id, "destination id (dst_…)")->required();
  o->add_to(*command);
  command->add_option("--if-version", o->version, "only if this is still its version");
  command->add_flag("--test", o->test, "connect before it is saved");
  command->callback([o, &chosen] {
    chosen = [o](context& where) {
      auto headers = if_match(o->version);
      headers.push_back("Content-Type: application/merge-patch+json");
      return send_and_show(where, "PATCH", destination_path(o->id) + (o->test ? "?test=true" : ""), o->body(),
                           std::move(headers));
    };
  });
}

outcome<exit_code> remove(context& where, const destination_options& o) {
  if (!o.yes && !where.screen.in_is_terminal()) return fail(exit_code::usage, "delete needs --yes where nobody can be asked");
  if (!o.yes && !where.screen.confirm("Delete " + o.id + "? What waits for it is cancelled.")) return exit_code::failed;
  return send_and_show(where, "DELETE", destination_path(o.id), std::string{}, if_match(o.version));
}

void add_delete(CLI::App& parent, action& chosen) {
  auto* command = parent.add_subcommand("delete", "remove a destination and cancel what waits for it");
  auto o = std::make_shared<destination_options>();
  command->add_option("ID", o->id, "destination id (dst_…)")->required();
  command->add_option("--if-version", o->version, "only if this is still its version");
  command->add_flag("--yes", o->yes, "do not ask");
  command->callback([o, &chosen] { chosen = [o](context& where) { return remove(where, *o); }; });
}

/// Of a stored destination by its id, or of one that is described and not stored.
outcome<exit_code> test(context& where, const destination_options& o) {
  auto body = o.id.empty() ? o.body() : std::string{};
  if (!body) return tl::unexpected<failure>(body.error());
  const auto path = o.id.empty() ? "/v1/destinations/test" : destination_path(o.id) + "/test";
  const auto answer = where.rest.send("POST", path, std::move(*body));
  if (!answer) return tl::unexpected<failure>(answer.error());
  print_resource(where, answer->value);
  return text_of(answer->value, "ok") == "false" ? exit_code::failed : exit_code::ok;
}

void add_test(CLI::App& parent, action& chosen) {
  auto* command = parent.add_subcommand("test", "connect to a destination, stored (ID) or described by the options");
  auto o = std::make_shared<destination_options>();
  command->add_option("ID", o->id, "destination id (dst_…)");
  o->add_to(*command);
  command->callback([o, &chosen] { chosen = [o](context& where) { return test(where, *o); }; });
}

void add_switch(CLI::App& parent, action& chosen, const std::string& name, const char* about) {
  auto* command = parent.add_subcommand(name, about);
  auto id = std::make_shared<std::string>(), reason = std::make_shared<std::string>();
  command->add_option("ID", *id, "destination id (dst_…)")->required();
  command->add_option("--reason", *reason, "kept with the destination");
  command->callback([name, id, reason, &chosen] {
    chosen = [name, id, reason](context& where) {
      auto body =
          reason->empty() ? std::string{} : json{{"reason", *reason}}.dump(-1, ' ', false, json::error_handler_t::replace);
      return send_and_show(where, "POST", destination_path(*id) + '/' + name, std::move(body));
    };
  });
}

struct secret_options {
  std::string id, secret_file, algorithm;
  long long overlap_ms = -1;
};

outcome<exit_code> rotate(context& where, const secret_options& o) {
  auto body = json::object();
  if (!o.secret_file.empty()) {
    auto secret = read_file(o.secret_file);
    if (!secret) return tl::unexpected<failure>(secret.error());
    secret->erase(secret->find_last_not_of(" \t\r\n") + 1);
    body["secret"] = *secret;
  }
  if (!o.algorithm.empty()) body["algorithm"] = o.algorithm;
  if (o.overlap_ms >= 0) body["overlapMs"] = o.overlap_ms;
  auto text = body.empty() ? std::string{} : body.dump(-1, ' ', false, json::error_handler_t::replace);
  return send_and_show(where, "POST", destination_path(o.id) + "/secrets/rotate", std::move(text));
}

void add_rotate_secret(CLI::App& parent, action& chosen) {
  auto* command = parent.add_subcommand("rotate-secret", "sign with a new secret; the old ones stay valid for the overlap");
  auto o = std::make_shared<secret_options>();
  command->add_option("ID", o->id, "destination id (dst_…)")->required();
  command->add_option("--secret-file", o->secret_file, "bring your own instead of a generated one; - is standard input");
  command->add_option("--algorithm", o->algorithm)->check(CLI::IsMember({"hmac-sha256", "hmac-sha512", "ed25519"}));
  command->add_option("--overlap-ms", o->overlap_ms, "how long the old ones keep signing; default a day");
  command->callback([o, &chosen] { chosen = [o](context& where) { return rotate(where, *o); }; });
}

}  // namespace

void add_destination_changes(CLI::App& parent, action& chosen) {
  add_create(parent, chosen);
  add_update(parent, chosen);
  add_delete(parent, chosen);
  add_test(parent, chosen);
  add_switch(parent, chosen, "enable", "let deliveries go again; resets the failure counter");
  add_switch(parent, chosen, "disable", "hold deliveries back; they are kept");
  add_rotate_secret(parent, chosen);
}

}  // namespace waybill::cli
