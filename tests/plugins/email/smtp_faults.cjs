// SPDX-License-Identifier: Apache-2.0
// node smtp_faults.cjs FAULT   a mail server in clear with one fault; prints the port it listens on. The last line of what it
// was sent is never an answer to anything: faults stand at fixed points of the dialogue.
const net = require('net');

const fault = process.argv[2];
let connections = 0;

function serve(socket) {
  const number = (connections += 1);
  let mails = 0;
  let inContent = false;
  let pending = '';
  const say = (line) => socket.write(`${line}\r\n`);
  const commands = {
    EHLO: () => {
      if (fault === 'nonsense-ehlo') return socket.write('hello there\r\n');
      if (fault === 'no-ehlo') return say('502 5.5.1 what');
      socket.write(`250-faults.test\r\n${fault === 'no-pipelining' ? '' : '250-PIPELINING\r\n'}${fault === 'small' ? '250-SIZE 100\r\n' : '250-SIZE 0\r\n'}`);
      if (fault === 'starttls-injected') return socket.write('250 STARTTLS\r\n');
      return say('250 HELP');
    },
    STARTTLS: () => socket.write('220 go\r\n250 injected\r\n'),
    MAIL: () => {
      if (fault === 'closes-second' && mails > 0) return socket.destroy();
      if (fault === '421-second' && mails > 0) { say('421 4.4.2 timeout'); return socket.end(); }
      if (fault === 'refuses-sender') return say('553 5.1.8 sender unknown');
      if (fault === 'rate') return say('450 4.7.28 too many');
      return say('250 2.1.0 ok');
    },
    RCPT: () => {
      if (fault === 'drops-at-recipient') return socket.destroy();
      if (fault === 'goes-ahead') return say('550 5.1.1 no');
      return say('250 2.1.5 ok');
    },
    DATA: () => {
      if (fault === 'no-data') return say('452 4.3.1 no room');
      inContent = true;
      say('354 go ahead');
      if (fault === 'early-refusal') { say('552 5.3.4 too much'); setTimeout(() => socket.destroy(), 20); }
      return null;
    },
    RSET: () => say('250 2.0.0 ok'),
    QUIT: () => { say('221 bye'); socket.end(); },
    '.': () => {
      inContent = false;
      mails += 1;
      if (fault === 'silent-end') return null;
      if (fault === 'drops-at-end') return socket.destroy();
      return say(`250 2.0.0 connection ${number} mail ${mails}`);
    },
  };
  socket.on('error', () => {});
  socket.on('data', (data) => {
    pending += data.toString('latin1');
    let end;
    while ((end = pending.indexOf('\r\n')) >= 0) {
      const line = pending.slice(0, end);
      pending = pending.slice(end + 2);
      if (inContent && line !== '.') continue;
      const name = line === '.' ? '.' : line.slice(0, 8).split(/[ :]/)[0].toUpperCase();
      (commands[name] || (() => say('500 5.5.2 what')))();
    }
  });
  if (fault === 'silent') return;
  if (fault === 'nonsense') { socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'); return; }
  if (fault === 'endless') { const go = () => { while (socket.writable && socket.write('220-again and again\r\n')); }; socket.on('drain', go); go(); return; }
  if (fault === 'turned-away') { say('554 5.3.2 not now'); socket.end(); return; }
  if (fault === 'busy') { say('421 4.3.2 busy'); socket.end(); return; }
  say('220 faults.test');
}

net.createServer(serve).listen(0, '127.0.0.1', function () { console.log(`listening on ${this.address().port}`); });
