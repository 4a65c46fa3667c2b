// SPDX-License-Identifier: Apache-2.0
#include "spool_handler.hpp"

WAYBILL_PLUGIN(spool_handler);
