// SPDX-License-Identifier: Apache-2.0
// node token_endpoint.cjs PRIVATE_KEY.pem   a token endpoint whose tokens are RS256 JWTs for reports@sender.test; prints its port.
//   /token a good one; /expired, /other-key, /other-user, /other-issuer with that fault; /expired-first with it once;
//   /refused 400
const http = require('http');
const crypto = require('crypto');
const fs = require('fs');

const own = crypto.createPrivateKey(fs.readFileSync(process.argv[2]));
const other = crypto.generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const encoded = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
const asked = {};

function token(fault) {
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    iss: fault === 'other-issuer' ? 'https://else.test' : 'https://issuer.test', iat: now - 7200, nbf: now - 7200,
    exp: fault === 'expired' ? now - 3600 : now + 3600, email: fault === 'other-user' ? 'else@sender.test' : 'reports@sender.test',
    jti: crypto.randomUUID(), sub: 'reports',
  };
  const text = `${encoded({ alg: 'RS256', typ: 'JWT' })}.${encoded(claims)}`;
  return `${text}.${crypto.sign('RSA-SHA256', Buffer.from(text), fault === 'other-key' ? other : own).toString('base64url')}`;
}

http.createServer((request, response) => {
  let body = '';
  request.on('data', (piece) => { body += piece; });
  request.on('end', () => {
    const form = new URLSearchParams(body);
    let fault = request.url.slice(1);
    asked[fault] = (asked[fault] || 0) + 1;
    if (fault === 'expired-first') fault = asked[fault] === 1 ? 'expired' : 'token';
    const client = request.headers.authorization === `Basic ${Buffer.from('client-1:client-secret').toString('base64')}`;
    const good = client && form.get('grant_type') === 'refresh_token' && form.get('refresh_token') === 'refresh-0' && fault !== 'refused';
    response.writeHead(good ? 200 : 400, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify(good ? { access_token: token(fault), token_type: 'Bearer', expires_in: 3600 } : { error: 'invalid_grant' }));
  });
}).listen(0, '127.0.0.1', function () { console.log(`listening on ${this.address().port}`); });
