// SPDX-License-Identifier: Apache-2.0
#include <waybill/handler.hpp>

#include "email_handler.hpp"

WAYBILL_PLUGIN(waybill::email::email_handler);
