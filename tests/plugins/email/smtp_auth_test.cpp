// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include <waybill/transfer/json_text.hpp>

#include "plugins/email/smtp_auth.hpp"

using namespace waybill::email;
using waybill::transfer::to_base64;

TEST_CASE("each mechanism says what its RFC wants") {
  CHECK(sasl_dialog{smtp_mechanism::plain, "u", "p", "h", 1}.command() == "AUTH PLAIN " + to_base64(std::string{"\0u\0p", 4}));
  CHECK(sasl_dialog{smtp_mechanism::xoauth2, "u", "t", "h", 1}.command() ==
        "AUTH XOAUTH2 " + to_base64("user=u\x01"
                                    "auth=Bearer t\x01\x01"));
  CHECK(sasl_dialog{smtp_mechanism::oauthbearer, "a,b=c", "t", "h", 587}.command() ==
        "AUTH OAUTHBEARER " + to_base64("n,a=a=2Cb=3Dc,\x01host=h\x01port=587\x01"
                                        "auth=Bearer t\x01\x01"));
  sasl_dialog login{smtp_mechanism::login, "u", "p", "h", 1};
  CHECK(login.command() == "AUTH LOGIN");
  CHECK(login.respond({}) == to_base64("u"));
  CHECK(login.respond({}) == to_base64("p"));
  CHECK_FALSE(login.respond({}).has_value());
}

TEST_CASE("CRAM-MD5 answers the example of RFC 2195") {
  sasl_dialog dialog{smtp_mechanism::cram_md5, "tim", "tanstaaftanstaaf", "h", 1};
  smtp_reply challenge;
  challenge.lines = {to_base64("<1896.697170952@postoffice.reston.mci.net>")};
  CHECK(dialog.respond(challenge) == to_base64("tim b913a602c7eda7a495b4e6e7334d3890"));
  sasl_dialog nonsense{smtp_mechanism::cram_md5, "tim", "x", "h", 1};
  challenge.lines = {"not base64!"};
  CHECK_FALSE(nonsense.respond(challenge).has_value());
}

TEST_CASE("the mechanism chosen is the configured one, or the best that is offered") {
  smtp_extensions offered;
  offered.mechanisms = {"LOGIN", "PLAIN", "CRAM-MD5", "XOAUTH2"};
  smtp_auth_settings auth;
  auth.kind = smtp_auth_kind::password;
  CHECK(choose_mechanism(auth, offered, true) == smtp_mechanism::plain);
  CHECK(choose_mechanism(auth, offered, false) == smtp_mechanism::cram_md5);
  auth.mechanism = smtp_mechanism::login;
  CHECK(choose_mechanism(auth, offered, true) == smtp_mechanism::login);
  auth.kind = smtp_auth_kind::oauth2;
  auth.mechanism = smtp_mechanism::automatic;
  CHECK(choose_mechanism(auth, offered, true) == smtp_mechanism::xoauth2);
  auth.mechanism = smtp_mechanism::oauthbearer;
  CHECK(choose_mechanism(auth, offered, true) == smtp_mechanism::automatic);
}
