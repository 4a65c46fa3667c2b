// SPDX-License-Identifier: Apache-2.0
#include <waybill/handler.hpp>

#include "sftp_handler.hpp"

WAYBILL_PLUGIN(waybill::sftp::sftp_handler);
