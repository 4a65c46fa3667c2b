// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/api_context.hpp"
#include "api/connection_gate.hpp"
#include "api/exchange.hpp"
#include "api/http_socket.hpp"
#include "api/outbox.hpp"
#include "api/pending_requests.hpp"
#include "api/upload_framing.hpp"

#include <asio/ip/tcp.hpp>

namespace waybill::api {

/// A connection for as long as it carries one upload. Made by a lane when a socket finds that an upload begins; reads the
/// head, lets it be dispatched like any other request, so that who may not upload is told before a byte of the body is
/// taken, reads the body only as fast as its pieces are asked for, writes the answer, and gives the connection back for the
/// next request. What is answered before its body has come ends with the connection. Instead of a limit on the whole there
/// is one on standing still. Lives by its handlers; one thread.
class upload_connection : public std::enable_shared_from_this<upload_connection> {
public:
  struct surroundings {
    api_context& context;
    pending_requests& uploads;  ///< without a deadline: see standing still
    std::shared_ptr<outbox> box;
    std::shared_ptr<const socket_rules> rules;
    /// For the requests behind the upload: the connection with what of them has been read.
    std::function<void(asio::ip::tcp::socket, std::string, connection_permit)> give_back;
  };

  upload_connection(surroundings around, asio::ip::tcp::socket socket, std::string first, connection_permit permit);
  upload_connection(const upload_connection&) = delete;
  upload_connection& operator=(const upload_connection&) = delete;

  void start();
  /// Called by the lane a few times a second: ends what has stood still for too long.
  void check_progress(core::mono_time now);

private:
  class upload_exchange;
  enum class stage : std::uint8_t { deciding = 1, head, body, answering, ended };

  void read();
  void on_read(std::string_view bytes);
  void decide();
  void read_head();
  void dispatch_upload();
  [[nodiscard]] bool may_go_on() const;
  void want(body_receiver next);
  void read_body();
  void deliver_piece();
  void say_continue();
  void send(std::string bytes, bool keep_alive);
  void sent(bool keep_alive);
  void expect_progress(std::chrono::milliseconds within);
  void too_slow();
  void refuse(wire_fault fault);
  void end();

  surroundings around_;
  asio::ip::tcp::socket socket_;
  connection_permit permit_;
  core::mono_time progress_by_;
  std::string remote_address_;
  std::vector<char> buffer_;
  std::string first_;
  std::string_view unparsed_;  ///< in buffer_ or first_
  stage stage_ = stage::deciding;
  bool said_continue_ = false;

  upload_framing framing_;
  std::shared_ptr<upload_exchange> exchange_;  ///< from the head to the answer
  body_receiver wanted_;                       ///< set while a piece is asked for
  std::string piece_;
  std::string out_;
};

}  // namespace waybill::api
