// SPDX-License-Identifier: Apache-2.0
#pragma once

/// The handlers that the table in routes.cpp names, one per operation of openapi.yaml, each answering its exchange now or when
/// the service replies. Called on a lane's thread.
namespace waybill::api {

class exchange;

// handlers_deliveries.cpp
void create_delivery(exchange& x);
void list_deliveries(exchange& x);
void get_delivery(exchange& x);
void get_attempt(exchange& x);
void retry_delivery(exchange& x);
void cancel_delivery(exchange& x);

// handlers_payloads.cpp
void create_payload(exchange& x);
void get_payload(exchange& x);

// handlers_destinations.cpp
void create_destination(exchange& x);
void list_destinations(exchange& x);
void get_destination(exchange& x);
void replace_destination(exchange& x);
void patch_destination(exchange& x);
void delete_destination(exchange& x);

// handlers_destination_state.cpp
void test_new_destination(exchange& x);
void test_destination(exchange& x);
void enable_destination(exchange& x);
void disable_destination(exchange& x);
void get_destination_health(exchange& x);
void get_destination_queue(exchange& x);
void list_secrets(exchange& x);
void add_secret(exchange& x);
void delete_secret(exchange& x);
void rotate_secret(exchange& x);
void list_destination_types(exchange& x);
void get_destination_type(exchange& x);

// handlers_dead_letters.cpp
void list_dead_letters(exchange& x);
void get_dead_letter(exchange& x);
void redrive_dead_letters(exchange& x);
void discard_dead_letters(exchange& x);

// handlers_jobs.cpp
void list_jobs(exchange& x);
void get_job(exchange& x);
void patch_job(exchange& x);
void pause_job(exchange& x);
void resume_job(exchange& x);
void cancel_job(exchange& x);

// handlers_admin.cpp
void list_keys(exchange& x);
void create_key(exchange& x);
void revoke_key(exchange& x);
void list_organizations(exchange& x);
void create_organization(exchange& x);
void get_organization(exchange& x);
void patch_organization(exchange& x);

// handlers_compliance.cpp
void list_audit(exchange& x);
void verify_audit(exchange& x);
void list_legal_holds(exchange& x);
void place_legal_hold(exchange& x);
void get_legal_hold(exchange& x);
void release_legal_hold(exchange& x);
void list_erasures(exchange& x);
void order_erasure(exchange& x);
void get_erasure(exchange& x);

// handlers_links.cpp
void list_download_links(exchange& x);
void get_download_link(exchange& x);
void list_download_accesses(exchange& x);
void revoke_download_link(exchange& x);
void issue_download_password(exchange& x);

// handlers_downloads.cpp
void get_download(exchange& x);

// handlers_node.cpp
void get_queue(exchange& x);
void get_liveness(exchange& x);
void get_readiness(exchange& x);
void get_metrics(exchange& x);
void get_openapi(exchange& x);
void get_docs(exchange& x);

}  // namespace waybill::api
