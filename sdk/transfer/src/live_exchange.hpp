// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include <curl/curl.h>

#include <waybill/transfer/exchange.hpp>

#include "body_feed.hpp"

namespace waybill::transfer {

/// What callbacks of libcurl report to. Implemented by the loop; outlives every handle.
class socket_owner {
public:
  virtual ~socket_owner() = default;
  /// A socket the network guard has allowed, or CURL_SOCKET_BAD.
  virtual curl_socket_t open_socket(const curl_sockaddr& address) = 0;
  virtual void close_socket(curl_socket_t socket) = 0;
};

/// An easy handle and all that libcurl points into while it performs an exchange. Pooled: it stays set up for the endpoint
/// it served last, and only what differs is set again. Reactor thread only.
class live_exchange {
public:
  explicit live_exchange(socket_owner& sockets);
  ~live_exchange();
  live_exchange(const live_exchange&) = delete;
  live_exchange& operator=(const live_exchange&) = delete;

  /// Sets the handle up; `feed` if the body has a source. False if libcurl refuses an option.
  [[nodiscard]] bool start(std::unique_ptr<exchange> what, std::shared_ptr<body_feed> feed);
  /// What came of it, given libcurl's verdict; views into this object.
  [[nodiscard]] outcome end(CURLcode verdict);
  /// Takes the exchange out; the handle is ready for the next.
  [[nodiscard]] std::unique_ptr<exchange> release();

  [[nodiscard]] CURL* easy() const { return easy_; }
  [[nodiscard]] std::uint64_t endpoint_id() const { return endpoint_id_; }  ///< 0: set up for none
  [[nodiscard]] exchange& current() const { return *current_; }
  [[nodiscard]] bool busy() const { return current_ != nullptr; }
  void resume() { curl_easy_pause(easy_, CURLPAUSE_CONT); }

  std::size_t place = 0;      ///< the loop's: among those under way
  std::uint64_t feed_id = 0;  ///< the loop's: names feed_; 0 if there is none

private:
  [[nodiscard]] bool set_exchange(std::unique_ptr<exchange> what, std::shared_ptr<body_feed> feed);
  [[nodiscard]] bool set_up(const endpoint& to);
  [[nodiscard]] bool set_url(const std::string& url);
  [[nodiscard]] bool set_tls(const endpoint_options& options);
  [[nodiscard]] bool set_proxy(const endpoint_options& options);
  [[nodiscard]] bool set_method(const std::string& method);
  [[nodiscard]] bool set_body();
  [[nodiscard]] ending ending_of(CURLcode verdict) const;
  [[nodiscard]] std::string why(CURLcode verdict, ending how) const;
  std::size_t take_answer(const char* bytes, std::size_t size);
  std::size_t give_body(char* buffer, std::size_t room);

  static std::size_t on_header(char* line, std::size_t size, std::size_t count, void* self);
  static std::size_t on_answer(char* bytes, std::size_t size, std::size_t count, void* self);
  static std::size_t on_body(char* buffer, std::size_t size, std::size_t count, void* self);
  static int on_seek(void* self, curl_off_t offset, int origin);
  static curl_socket_t on_open(void* self, curlsocktype purpose, curl_sockaddr* address);
  static int on_request(void* self, char* address, char* own_address, int port, int own_port);
  static int on_close(void* sockets, curl_socket_t socket);

  socket_owner& sockets_;
  CURL* easy_;
  // What the handle is set up for.
  std::uint64_t endpoint_id_ = 0;
  CURLU* parsed_;
  std::string url_;
  std::string method_;
  // The exchange under way.
  std::unique_ptr<exchange> current_;
  std::shared_ptr<body_feed> feed_;
  std::size_t body_sent_ = 0;  ///< of a body in memory, by give_body
  std::string headers_;
  std::string answer_;
  std::uint64_t dropped_ = 0;  ///< bytes of the answer beyond what is kept
  bool enough_ = false;        ///< ended by us: the answer was too long to read on
  bool opened_ = false;        ///< the guard has been asked by on_open
  std::string refused_;        ///< the last address the guard refused
  std::array<char, CURL_ERROR_SIZE> error_{};
};

}  // namespace waybill::transfer
