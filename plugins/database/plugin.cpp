// SPDX-License-Identifier: Apache-2.0
#include <waybill/handler.hpp>

#include "database_handler.hpp"

WAYBILL_PLUGIN(waybill::database::database_handler);
