-- SPDX-License-Identifier: Apache-2.0
-- wrk: POST /v1/deliveries with a JSON body of 1 KiB, one destination. Key and destination may come from the environment.
local destination = os.getenv("WAYBILL_DESTINATION") or "dst_01K0000000E008000000000002"
local filler = string.rep("0123456789 abcdef ", 44)
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer " .. (os.getenv("WAYBILL_KEY") or "wbk_admin_secret")
wrk.body = '{"destinations":["' .. destination .. '"],"payload":{"type":"report","data":{"id":12345,"name":"Quarterly report","ok":true,' ..
  '"rows":[1,2.5,3,4,5],"text":"' .. filler .. '"},"metadata":{"reportType":"compliance"}}}'
