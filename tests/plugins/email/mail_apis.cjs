// SPDX-License-Identifier: Apache-2.0
// node mail_apis.cjs   stands for the HTTP APIs of mail providers: checks what each of them checks (credentials first, then
// required members, their types, addresses) and answers as it does. Prints the port it listens on.
//   /sendgrid /resend /ses /mailgun /postmark /sparkpost /graph /login /custom   base URLs
//   GET /mails   what was accepted: [{provider, idempotencyKey, …}], without the content of attachments but with its hash
//   POST /fail/STATUS?retryAfter=S   the next request to any API gets that status
const http = require('http');
const crypto = require('crypto');

const mails = [];
let failure = null;
let tokens = 0;

const address = /^(?:"(?:[^"\\\r\n]|\\.)*" <)?[^\s<>@"]+@[^\s<>@"]+>?$/;
const isText = (v) => typeof v === 'string' && v.length > 0;
const isAddress = (v) => isText(v) && address.test(v);
const isBase64 = (v) => isText(v) && v.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(v);
const need = (condition, message) => { if (!condition) throw Object.assign(new Error(message), { refused: true }); };
const file = (name, type, data) => ({ name, type, size: data.length, sha256: crypto.createHash('sha256').update(data).digest('hex') });
const decoded = (name, type, text) => { need(isText(name), 'attachment name'); need(isBase64(text), 'attachment is not base64'); return file(name, type, Buffer.from(text, 'base64')); };
const known = (object, names, what) => Object.keys(object).forEach((name) => need(names.includes(name), `${what}: unknown member ${name}`));
const list = (text) => text.split(/,\s*(?=(?:[^"]*"[^"]*")*[^"]*$)/);

const json = (body) => { try { return JSON.parse(body); } catch (e) { return need(false, 'Bad JSON'); } };
const accepted = (provider, request, more) => { mails.push({ provider, idempotencyKey: request.headers['idempotency-key'], ...more }); return mails.length; };

// Each: (request, path below its base, body) -> {status, body, headers}; a refusal is thrown and said by `refuse`.
const apis = {
  sendgrid: {
    allowed: (request) => request.headers.authorization === 'Bearer SG.good-key',
    denied: { status: 401, body: { errors: [{ message: 'The provided authorization grant is invalid, expired, or revoked' }] } },
    refuse: (message) => ({ status: 400, body: { errors: [{ message, field: null }] } }),
    answer: (request, path, body) => {
      need(path === '/v3/mail/send' && request.method === 'POST', 'path');
      const m = json(body);
      known(m, ['personalizations', 'from', 'reply_to', 'reply_to_list', 'subject', 'content', 'attachments', 'headers', 'categories', 'mail_settings'], 'mail');
      const all = [];
      need(Array.isArray(m.personalizations) && m.personalizations.length > 0, 'The personalizations field is required');
      m.personalizations.forEach((p) => ['to', 'cc', 'bcc'].forEach((k) => { if (k in p) { need(p[k].length > 0, `${k} is empty`); all.push(...p[k]); } }));
      all.concat([m.from]).forEach((a) => need(isAddress(a.email), 'Does not contain a valid address.'));
      need(new Set(all.map((a) => a.email.toLowerCase())).size === all.length, 'Each email address in the personalization block should be unique');
      need(isText(m.subject), 'The subject is required');
      need(m.content.every((c) => isText(c.type) && isText(c.value)), 'The content value must be a string at least one character in length.');
      need(m.content.map((c) => c.type).join() !== 'text/html,text/plain', 'text/plain must come first');
      if (m.mail_settings && m.mail_settings.sandbox_mode.enable) return { status: 200, body: '' };
      const attachments = (m.attachments || []).map((a) => decoded(a.filename, a.type, a.content));
      const n = accepted('sendgrid', request, { ...m, attachments });
      return { status: 202, body: '', headers: { 'X-Message-Id': `sg-${n}` } };
    },
  },
  resend: {
    allowed: (request) => request.headers.authorization === 'Bearer re_good',
    denied: { status: 403, body: { statusCode: 403, name: 'invalid_api_key', message: 'API key is invalid' } },
    refuse: (message) => ({ status: 422, body: { statusCode: 422, name: 'validation_error', message } }),
    answer: (request, path, body) => {
      need(path === '/emails' && request.method === 'POST', 'path');
      const m = json(body);
      known(m, ['from', 'to', 'cc', 'bcc', 'reply_to', 'subject', 'text', 'html', 'headers', 'attachments', 'tags'], 'mail');
      need(isAddress(m.from), 'Invalid `from` field.');
      need(Array.isArray(m.to) && m.to.length > 0 && m.to.every(isAddress), 'Invalid `to` field.');
      [m.cc, m.bcc, m.reply_to].forEach((l) => need(!l || l.every(isAddress), 'Invalid address.'));
      need(isText(m.subject) && (isText(m.text) || isText(m.html)), 'Missing `html` or `text` field.');
      (m.tags || []).forEach((t) => need(/^[\w-]+$/.test(t.name) && /^[\w-]+$/.test(t.value), 'Tags should only contain ASCII letters'));
      const before = mails.findIndex((x) => x.provider === 'resend' && x.idempotencyKey === request.headers['idempotency-key']);
      if (before >= 0) return { status: 200, body: { id: `re-${before + 1}` } };
      const attachments = (m.attachments || []).map((a) => decoded(a.filename, a.content_type, a.content));
      return { status: 200, body: { id: `re-${accepted('resend', request, { ...m, attachments })}` } };
    },
  },
  // The signature is looked at by tests/peers/sigv4_gate.py, in front of this.
  ses: {
    allowed: () => true,
    refuse: (message) => ({ status: 400, body: { __type: 'BadRequestException', message } }),
    answer: (request, path, body) => {
      if (path === '/v2/email/account' && request.method === 'GET') return { status: 200, body: { SendingEnabled: true } };
      need(path === '/v2/email/outbound-emails' && request.method === 'POST', 'path');
      const m = json(body);
      known(m, ['FromEmailAddress', 'Destination', 'Content', 'ConfigurationSetName', 'EmailTags'], 'mail');
      need(isAddress(m.FromEmailAddress), 'FromEmailAddress');
      const all = Object.values(m.Destination).flat();
      need(all.length > 0 && all.every(isAddress), 'Destination');
      need(isBase64(m.Content.Raw.Data), 'Content.Raw.Data');
      const raw = Buffer.from(m.Content.Raw.Data, 'base64').toString('latin1');
      const n = accepted('ses', request, { from: m.FromEmailAddress, destination: m.Destination, set: m.ConfigurationSetName, tags: m.EmailTags, raw: raw.length < 100000 ? raw : '', rawSize: raw.length });
      return { status: 200, body: { MessageId: `ses-${n}` } };
    },
  },
  mailgun: {
    allowed: (request) => request.headers.authorization === `Basic ${Buffer.from('api:mg-key').toString('base64')}`,
    denied: { status: 401, body: 'Forbidden' },
    refuse: (message) => ({ status: 400, body: { message } }),
    answer: async (request, path, body) => {
      if (path !== '/v3/mg.example.com/messages') return { status: 404, body: { message: 'Domain not found' } };
      need((request.headers['content-type'] || '').startsWith('multipart/form-data'), 'from parameter is missing');
      const form = await new Response(body, { headers: { 'Content-Type': request.headers['content-type'] } }).formData();
      const all = (name) => form.getAll(name);
      need(all('from').length === 1 && isAddress(all('from')[0]), 'from parameter is not a valid address');
      need(all('to').length > 0, 'to parameter is missing');
      ['to', 'cc', 'bcc'].forEach((k) => need(all(k).every(isAddress), `${k} parameter is not a valid address`));
      need(all('text').length + all('html').length > 0, 'Need at least one of \'text\' or \'html\' parameters specified');
      const attachments = [];
      for (const one of all('attachment')) attachments.push(file(one.name, one.type, Buffer.from(await one.arrayBuffer())));
      const fields = {};
      for (const [name, value] of form) if (typeof value === 'string') (fields[name] = fields[name] || []).push(value);
      return { status: 200, body: { id: `<mg-${accepted('mailgun', request, { fields, attachments })}@mg.example.com>`, message: 'Queued. Thank you.' } };
    },
  },
  postmark: {
    allowed: (request) => request.headers['x-postmark-server-token'] === 'pm-token',
    denied: { status: 401, body: { ErrorCode: 10, Message: 'Request does not contain a valid Server token.' } },
    refuse: (message) => ({ status: 422, body: { ErrorCode: 300, Message: message } }),
    answer: (request, path, body) => {
      if (path === '/server' && request.method === 'GET') return { status: 200, body: { ID: 1, Name: 'test' } };
      need(path === '/email' && request.method === 'POST' && request.headers.accept === 'application/json', 'path');
      const m = json(body);
      known(m, ['From', 'To', 'Cc', 'Bcc', 'ReplyTo', 'Subject', 'TextBody', 'HtmlBody', 'Headers', 'Attachments', 'MessageStream', 'Tag'], 'mail');
      need(isAddress(m.From), 'Invalid \'From\' address');
      ['To', 'Cc', 'Bcc'].forEach((k) => need(!(k in m) || list(m[k]).every(isAddress), `Error parsing '${k}'`));
      need(isText(m.To), 'Zero recipients specified');
      need(isText(m.TextBody) || isText(m.HtmlBody), 'Provide either email TextBody or HtmlBody or both.');
      need(m.Headers.every((h) => isText(h.Name) && isText(h.Value)), 'Headers');
      const attachments = (m.Attachments || []).map((a) => decoded(a.Name, a.ContentType, a.Content));
      return { status: 200, body: { MessageID: `pm-${accepted('postmark', request, { ...m, Attachments: undefined, attachments })}`, ErrorCode: 0, Message: 'OK' } };
    },
  },
  sparkpost: {
    allowed: (request) => request.headers.authorization === 'sp-key',
    denied: { status: 401, body: { errors: [{ message: 'Unauthorized.' }] } },
    refuse: (message) => ({ status: 422, body: { errors: [{ message: 'required field is missing', description: message, code: '1400' }] } }),
    answer: (request, path, body) => {
      need(path === '/api/v1/transmissions' && request.method === 'POST', 'path');
      const m = json(body);
      known(m, ['recipients', 'content', 'options'], 'transmission');
      need(m.recipients && m.recipients.length > 0, 'recipients or list_id required');
      m.recipients.forEach((r) => need(isAddress(r.address.email) && list(r.address.header_to).every(isAddress), 'recipient address'));
      need(isAddress(m.content.from.email) && isText(m.content.subject), 'content');
      need(isText(m.content.text) || isText(m.content.html), 'At least one of text or html needs to exist in content');
      const attachments = (m.content.attachments || []).map((a) => decoded(a.name, a.type, a.data));
      const n = accepted('sparkpost', request, { ...m, content: { ...m.content, attachments: undefined }, attachments });
      return { status: 200, body: { results: { total_rejected_recipients: 0, total_accepted_recipients: m.recipients.length, id: `sp-${n}` } } };
    },
  },
  login: {
    allowed: () => true,
    refuse: (message) => ({ status: 401, body: { error: 'invalid_client', error_description: message } }),
    answer: (request, path, body) => {
      const form = new URLSearchParams(body.toString());
      need(path === '/tenant-1/oauth2/v2.0/token' && form.get('grant_type') === 'client_credentials', 'path');
      need(form.get('scope') === 'https://graph.microsoft.com/.default' && form.get('client_id') === 'client-1', 'scope');
      if (form.has('client_assertion')) {
        const [head, claims] = form.get('client_assertion').split('.').slice(0, 2).map((t) => JSON.parse(Buffer.from(t, 'base64url')));
        need(head.alg === 'RS256' && isText(head['x5t#S256']) && claims.iss === 'client-1' && claims.aud.endsWith('/tenant-1/oauth2/v2.0/token'), 'assertion');
      } else {
        need(form.get('client_secret') === 'graph-secret', 'secret');
      }
      tokens += 1;
      return { status: 200, body: { access_token: `graph-token-${tokens}`, token_type: 'Bearer', expires_in: 3599 } };
    },
  },
  graph: {
    allowed: (request) => request.headers.authorization === `Bearer graph-token-${tokens}`,
    denied: { status: 401, body: { error: { code: 'InvalidAuthenticationToken', message: 'Access token has expired.' } } },
    refuse: (message) => ({ status: 400, body: { error: { code: 'ErrorInvalidRecipients', message } } }),
    answer: (request, path, body) => {
      if (path !== '/v1.0/users/reports%40example.com/sendMail') return { status: 404, body: { error: { code: 'ErrorInvalidUser', message: 'The requested user is invalid.' } } };
      need(request.headers['content-type'] === 'text/plain', 'UnableToDeserializePostBody');
      need(isBase64(body.toString()), 'MIME');
      need(body.length < 4 * 1024 * 1024, 'size');
      const raw = Buffer.from(body.toString(), 'base64').toString('latin1');
      need(/^(To|Cc|Bcc): /m.test(raw), 'At least one recipient is not valid.');
      accepted('graph', request, { raw: raw.length < 100000 ? raw : '', rawSize: raw.length });
      return { status: 202, body: '' };
    },
  },
  custom: {
    allowed: (request) => request.headers['x-mail-key'] === 'custom key' || request.headers.authorization === 'Bearer custom-token' || request.headers.authorization === `Basic ${Buffer.from('user:custom-password').toString('base64')}`,
    denied: { status: 401, body: { problem: { text: 'who are you' } } },
    refuse: (message) => ({ status: 422, body: { problem: { text: message } } }),
    answer: (request, path, body) => {
      if (path === '/ping') return { status: 204, body: '' };
      const form = request.headers['content-type'] === 'application/x-www-form-urlencoded';
      const m = form ? Object.fromEntries(new URLSearchParams(body.toString())) : json(body);
      if (m.file) m.file = decoded(m.file.name, m.file.type, m.file.data);
      const n = accepted('custom', request, { method: request.method, mail: m });
      return { status: 201, body: { result: { ids: [`custom-${n}`] } }, headers: { 'X-Mail-Id': `header-${n}` } };
    },
  },
};

async function respond(request, body) {
  const [, name, rest] = /^\/([^/?]*)(.*)$/.exec(request.url);
  if (name === 'mails') return { status: 200, body: mails };
  if (name === 'fail') {
    const url = new URL(request.url, 'http://x');
    failure = { status: Number(url.pathname.split('/')[2]), body: { message: 'told to fail', error: { message: 'told to fail' } }, headers: url.searchParams.has('retryAfter') ? { 'Retry-After': url.searchParams.get('retryAfter') } : {} };
    return { status: 204, body: '' };
  }
  const api = apis[name];
  if (!api) return { status: 404, body: '' };
  if (failure) { const told = failure; failure = null; return told; }
  if (!api.allowed(request)) return api.denied;
  try {
    return await api.answer(request, rest, body);
  } catch (e) {
    return api.refuse(e.refused ? e.message : `cannot be read: ${e.message}`);
  }
}

const server = http.createServer((request, response) => {
  const pieces = [];
  request.on('data', (piece) => pieces.push(piece));
  request.on('end', async () => {
    const { status, body, headers } = await respond(request, Buffer.concat(pieces));
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    response.writeHead(status, { 'Content-Type': 'application/json', ...headers }).end(status === 204 ? undefined : text);
  });
});
server.keepAliveTimeout = 30000;
server.listen(0, '127.0.0.1', () => console.log(`listening on ${server.address().port}`));
