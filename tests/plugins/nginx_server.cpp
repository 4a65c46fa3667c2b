// SPDX-License-Identifier: Apache-2.0
#include "nginx_server.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

namespace waybill::testing {
namespace {

[[nodiscard]] sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

[[noreturn]] void give_up(const std::string& why) {
  std::fprintf(stderr, "%s\n", why.c_str());
  std::abort();
}

// Alive for the process: ended at its exit, but not by destructors that a plugin's threads could meet.
child_process* nginx_process = nullptr;
std::vector<std::string> nginx_folders;
void end_nginx() {
  delete nginx_process;
  std::error_code ignored;
  for (const auto& folder : nginx_folders) std::filesystem::remove_all(folder, ignored);
}

constexpr std::string_view nginx_conf = R"(
@USER@ daemon off; worker_processes 1; pid @F@/pid; error_log @F@/error.log warn;
load_module /usr/lib/nginx/modules/ngx_http_echo_module.so;
events { worker_connections 4096; }
http {
  log_format j escape=json '{"method":"$request_method","uri":"$request_uri","protocol":"$server_protocol","connection":"$connection"}';
  access_log off; keepalive_requests 1000000; client_max_body_size 0;
  client_body_temp_path @F@/b; proxy_temp_path @F@/p; fastcgi_temp_path @F@/f; uwsgi_temp_path @F@/u; scgi_temp_path @F@/s;
  map $http_authorization $bearer_ok { default 0; "Bearer good-token" 1; }
  map $http_authorization $basic_ok { default 0; "Basic dXNlcjpwYXNzd29yZA==" 1; }
  server {
    listen 127.0.0.1:@HTTP@ backlog=4096;
    location = /200 { return 200 "ok"; }
    location = /204 { return 204; }
    location = /400 { return 400; }
    location = /401 { return 401; }
    location = /403 { return 403; }
    location = /407 { return 407; }
    location = /410 { return 410; }
    location = /413 { return 413; }
    location = /422 { return 422; }
    location = /429 { add_header Retry-After 7 always; return 429; }
    location = /429-date { add_header Retry-After "Fri, 31 Dec 1999 23:59:59 GMT" always; return 429; }
    location = /500 { return 500; }
    location = /503 { add_header Retry-After 120 always; return 503; }
    location = /504 { return 504; }
    location = /302 { return 302 http://127.0.0.1:@HTTP@/log?followed; }
    location = /307 { return 307 http://127.0.0.1:@HTTP@/log?followed; }
    location = /close { return 444; }
    location = /slow { echo_sleep 60; echo done; }
    location = /soon { echo_sleep 0.3; echo done; }
    location = /log { access_log @F@/requests.log j; return 200 "ok"; }
    location = /echo { client_body_buffer_size 16m; client_body_in_single_buffer on; echo_read_request_body;
                       echo -n $echo_client_request_headers; echo_request_body; }
    location = /big { root @F@/www; try_files /big.bin =404; error_page 405 =200 $uri; }
    location = /small-limit { client_max_body_size 1k; echo_read_request_body; echo ok; }
    location = /reference { add_header X-Request-Id "req-42" always; add_header X-Receipt "rcpt-7" always; return 202; }
    location = /leak { add_header X-Seen $http_x_api_key; add_header Set-Cookie "session=abc123"; return 200 "you sent $http_x_api_key $http_authorization"; }
    location = /bearer { if ($bearer_ok = 0) { return 401; } return 204; }
    location = /basic { if ($basic_ok = 0) { return 401; } return 204; }
    location /dav/ { root @F@/www; dav_methods PUT DELETE; create_full_put_path on; }
  }
  server {
    listen 127.0.0.1:@HTTPS@ ssl http2;
    ssl_certificate @T@/server.pem; ssl_certificate_key @T@/server.key;
    location = /200 { return 200 "$server_protocol"; }
    location = /echo { client_body_buffer_size 16m; client_body_in_single_buffer on; echo_read_request_body; echo_request_body; }
    location = /log { access_log @F@/requests.log j; return 200 "$server_protocol"; }
    location /dav/ { root @F@/www; dav_methods PUT DELETE; create_full_put_path on; }
  }
  server {
    listen 127.0.0.1:@MTLS@ ssl;
    ssl_certificate @T@/server.pem; ssl_certificate_key @T@/server.key;
    ssl_client_certificate @T@/ca.pem; ssl_verify_client on;
    location / { return 200 "$ssl_client_s_dn"; }
  }
}
)";

[[nodiscard]] std::string filled(std::string text, std::string_view mark, const std::string& value) {
  for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark, at + value.size()))
    text.replace(at, mark.size(), value);
  return text;
}

}  // namespace

temporary_folder::temporary_folder() {
  std::string name = (std::filesystem::temp_directory_path() / "waybill-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) give_up("no temporary folder");
  path_ = name;
}

temporary_folder::~temporary_folder() {
  std::error_code ignored;  // a leftover in /tmp is no fault of a test
  std::filesystem::remove_all(path_, ignored);
}

void temporary_folder::write(const std::string& name, std::string_view text) const {
  std::ofstream{path_ + "/" + name, std::ios::binary} << text;
}

std::string temporary_folder::read(const std::string& name) const {
  std::ifstream file{path_ + "/" + name, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, {}};
}

child_process::child_process(const std::vector<std::string>& arguments, const std::string& output,
                             const std::vector<std::string>& environment) {
  std::vector<char*> argv;
  argv.reserve(arguments.size() + 1);
  for (const auto& a : arguments) argv.push_back(const_cast<char*>(a.c_str()));
  argv.push_back(nullptr);
  std::vector<char*> env;
  for (char** e = environ; *e != nullptr; ++e) env.push_back(*e);
  for (const auto& e : environment) env.push_back(const_cast<char*>(e.c_str()));
  env.push_back(nullptr);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, 1, output.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  posix_spawn_file_actions_adddup2(&files, 1, 2);
  if (posix_spawnp(&pid_, argv[0], &files, nullptr, argv.data(), env.data()) != 0) give_up("cannot start " + arguments[0]);
  posix_spawn_file_actions_destroy(&files);
}

child_process::~child_process() {
  if (pid_ <= 0) return;
  kill(pid_, SIGTERM);
  wait();
}

int child_process::wait() {
  int status = 0;
  waitpid(pid_, &status, 0);
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int run(const std::vector<std::string>& arguments, const std::string& output) {
  return child_process{arguments, output}.wait();
}

std::uint16_t free_port() {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  auto address = loopback(0);
  socklen_t size = sizeof address;
  if (bind(socket, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    give_up("no free port");
  close(socket);
  return ntohs(address.sin_port);
}

bool listens(std::uint16_t port) {
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds{10};
  while (std::chrono::steady_clock::now() < limit) {
    const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
    const auto address = loopback(port);
    const bool there = connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    close(socket);
    if (there) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
  return false;
}

certificates::certificates() {
  const auto& f = folder.path();
  folder.write("server.ext", "subjectAltName=DNS:localhost,IP:127.0.0.1\n");
  folder.write("client.ext", "extendedKeyUsage=clientAuth\n");
  const auto openssl = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "openssl");
    if (run(arguments, f + "/openssl.log") != 0) give_up(folder.read("openssl.log"));
  };
  const auto authority = [&](const std::string& name) {
    openssl({"req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
             "/CN=" + name, "-keyout", f + "/" + name + ".key", "-out", f + "/" + name + ".pem"});
  };
  const auto leaf = [&](const std::string& name) {
    openssl({"req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=" + name, "-keyout",
             f + "/" + name + ".key", "-out", f + "/" + name + ".csr"});
    openssl({"x509", "-req", "-days", "2", "-in", f + "/" + name + ".csr", "-CA", f + "/ca.pem", "-CAkey", f + "/ca.key",
             "-CAcreateserial", "-extfile", f + "/" + name + ".ext", "-out", f + "/" + name + ".pem"});
  };
  authority("ca");
  authority("other-ca");
  leaf("server");
  leaf("client");
}

nginx_server& nginx_server::instance() {
  static auto* const server = new nginx_server;
  return *server;
}

nginx_server::nginx_server() : http_(free_port()), https_(free_port()), mtls_(free_port()) {
  std::filesystem::create_directory(folder_.path() + "/www");
  folder_.write("www/big.bin", std::string(3'000'000, 'b'));
  auto conf = filled(std::string{nginx_conf}, "@F@", folder_.path());
  // A worker of root's would be nobody, and nobody may not look into the folder.
  conf = filled(conf, "@USER@", geteuid() == 0 ? "user root;" : "");
  conf = filled(conf, "@T@", tls_.folder.path());
  conf = filled(conf, "@HTTP@", std::to_string(http_));
  conf = filled(conf, "@HTTPS@", std::to_string(https_));
  folder_.write("nginx.conf", filled(conf, "@MTLS@", std::to_string(mtls_)));
  process_ = new child_process{{"nginx", "-e", folder_.path() + "/error.log", "-c", folder_.path() + "/nginx.conf"},
                               folder_.path() + "/output.log"};
  nginx_process = process_;
  nginx_folders = {folder_.path(), tls_.folder.path()};
  std::atexit(&end_nginx);
  if (!listens(http_) || !listens(https_) || !listens(mtls_))
    give_up("nginx does not start: " + folder_.read("error.log") + folder_.read("output.log"));
}

std::string nginx_server::http(std::string_view path) const {
  return "http://127.0.0.1:" + std::to_string(http_) + std::string{path};
}
std::string nginx_server::https(std::string_view path) const {
  return "https://127.0.0.1:" + std::to_string(https_) + std::string{path};
}
std::string nginx_server::mtls(std::string_view path) const {
  return "https://127.0.0.1:" + std::to_string(mtls_) + std::string{path};
}

}  // namespace waybill::testing
