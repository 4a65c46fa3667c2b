// SPDX-License-Identifier: Apache-2.0
// node token_server.cjs PUBLIC_KEY.pem   a token endpoint that checks what each grant is to bring; prints the port it listens on.
//   POST /token     client_credentials (Basic, form or a signed client assertion), refresh_token (each serves once, and the
//                   answer replaces it; `first-refresh` serves always), urn:ietf:params:oauth:grant-type:jwt-bearer
//   GET  /metadata  a token, if `Metadata-Flavor: Google` is sent
//   GET  /seen      the forms so far
const http = require('http');
const crypto = require('crypto');
const fs = require('fs');

const key = crypto.createPublicKey(fs.readFileSync(process.argv[2]));
const refresh = new Set(['first-refresh']);
const used = new Set();
const seen = [];
let given = 0;

function claimsOf(assertion) {
  const [header, payload, signature] = assertion.split('.');
  const good = crypto.verify('RSA-SHA256', Buffer.from(`${header}.${payload}`), key, Buffer.from(signature, 'base64url'));
  const claims = JSON.parse(Buffer.from(payload, 'base64url'));
  if (!good || used.has(claims.jti) || claims.exp - claims.iat > 3600) throw new Error('assertion');
  used.add(claims.jti);
  return { ...claims, header: JSON.parse(Buffer.from(header, 'base64url')) };
}

const grants = {
  client_credentials: (form) => {
    if (form.get('client_assertion_type') !== 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer') return 'invalid_client';
    const claims = claimsOf(form.get('client_assertion'));
    return claims.iss === 'client-1' && claims.sub === 'client-1' && claims.header.x5t === 'thumb' && form.get('client_id') === 'client-1' ? {} : 'invalid_client';
  },
  refresh_token: (form) => {
    const token = form.get('refresh_token');
    if (!refresh.has(token)) return 'invalid_grant';
    if (token !== 'first-refresh') refresh.delete(token);
    const next = `refresh-${given + 1}`;
    if (form.get('scope') !== 'dies') refresh.add(next);
    return { refresh_token: next };
  },
  'urn:ietf:params:oauth:grant-type:jwt-bearer': (form) => {
    const claims = claimsOf(form.get('assertion'));
    return claims.iss === 'robot@example.com' && claims.scope === 'write' ? {} : 'invalid_grant';
  },
};

const json = (response, status, value) => response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(value));
const token = (more, lifetime) => ({ access_token: `token-${(given += 1)}`, token_type: 'Bearer', expires_in: lifetime, ...more });

function answer(request, response, body) {
  if (request.url === '/seen') return json(response, 200, seen);
  if (request.url === '/metadata')
    return request.method === 'GET' && request.headers['metadata-flavor'] === 'Google' ? json(response, 200, token({}, 3600)) : json(response, 403, {});
  const form = new URLSearchParams(body);
  seen.push(Object.fromEntries(form));
  const grant = grants[form.get('grant_type')];
  let outcome = 'unsupported_grant_type';
  try { if (grant) outcome = grant(form); } catch (e) { outcome = 'invalid_grant'; }
  // No life at all: whoever asks again has to come again.
  return typeof outcome === 'string' ? json(response, 400, { error: outcome }) : json(response, 200, token(outcome, form.get('resource') === 'short' ? 0 : 3600));
}

const server = http.createServer((request, response) => {
  let body = '';
  request.on('data', (piece) => { body += piece; });
  request.on('end', () => answer(request, response, body));
});
server.listen(0, '127.0.0.1', () => console.log(`listening on ${server.address().port}`));
