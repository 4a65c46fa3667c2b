// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "core/model/time.hpp"

namespace waybill::core {

/// How a store on a database server is reached, beside its URL. What is empty is as the URL says.
struct server_settings {
  std::string password_file;    ///< the password alone on its first line
  std::string tls_mode;         ///< libpq's sslmode: disable … verify-full
  std::string tls_ca;           ///< PEM file of the authorities that may have signed the server's certificate
  std::string tls_certificate;  ///< the client's, PEM
  std::string tls_key;
  milliseconds connect_timeout{5'000};     ///< for each host of the URL
  milliseconds statement_timeout{30'000};  ///< what takes longer is undone, and tried again or refused
};

}  // namespace waybill::core
