// Socket.IO 5 as raw packets: connecting, events, acks, binary, namespaces, leaving, and everything that must not pass.

import assert from "node:assert/strict";
import { it } from "node:test";
import { Polling, Socket, separator, sleep, within } from "./support/raw.mjs";
import { quick } from "./support/server.mjs";
import { eachRow, withServer } from "./support/table.mjs";

const accepted = /^40\{"sid":"([\w-]{20})"\}$/;
const bytes = Buffer.from([1, 2, 3]);

/** Nothing but heartbeats comes for a while. */
async function staysOpen(socket, milliseconds = 150) {
  await sleep(milliseconds);
  assert.equal(socket.ws.readyState, 1);
  assert.equal(socket.pending, 0);
}

withServer("socketio_echo: connecting", "socketio_echo", quick, (server) => {
  it("gives an id that is not the engine's", async () => {
    const socket = await Socket.open(server());
    socket.send("40");
    const [, sid] = accepted.exec(await socket.next());
    assert.notEqual(sid, socket.handshake.sid);
    assert.equal(await socket.next(), '42["auth",{}]');
    socket.end();
  });

  it("hands the auth object to the application", async () => {
    const socket = await Socket.open(server());
    socket.send('40{"token":"123","nested":{"a":[1,null]}}');
    assert.match(await socket.next(), accepted);
    assert.equal(await socket.next(), '42["auth",{"token":"123","nested":{"a":[1,null]}}]');
    socket.end();
  });

  eachRow(
    ["40/custom,", "40/custom"],
    (packet) => `joins another namespace with ${packet}`,
    async (packet) => {
      const socket = await Socket.open(server());
      socket.send(packet);
      assert.match(await socket.next(), /^40\/custom,\{"sid":"[\w-]{20}"\}$/);
      assert.equal(await socket.next(), '42/custom,["auth",{}]');
      socket.end();
    }
  );

  it("joins several namespaces on one connection under different ids", async () => {
    const socket = await Socket.join(server());
    socket.send('40/custom,{"token":"abc"}');
    assert.match(await socket.next(), /^40\/custom,/);
    assert.equal(await socket.next(), '42/custom,["auth",{"token":"abc"}]');
    socket.send('42["message",1]');
    assert.equal(await socket.next(), '42["message-back",1]');
    socket.end();
  });

  eachRow(
    [
      ["40/unknown,", '44/unknown,{"message":"Invalid namespace"}'],
      ["40/custom?token=1,", '44/custom?token=1,{"message":"Invalid namespace"}'],
      ["40/Custom,", '44/Custom,{"message":"Invalid namespace"}'],
    ],
    ([packet]) => `refuses ${packet} and stays open`,
    async ([packet, answer]) => {
      const socket = await Socket.open(server());
      socket.send(packet);
      assert.equal(await socket.next(), answer);
      socket.send("40");
      assert.match(await socket.next(), accepted);
      socket.end();
    }
  );

  it("works over polling", async () => {
    const session = await Polling.open(server());
    await session.post("40");
    const [connect, auth] = await session.packets(2);
    assert.match(connect, accepted);
    assert.equal(auth, '42["auth",{}]');
    await session.post(['42["message","a"]', '421["message-with-ack","b"]'].join(separator));
    assert.deepEqual(await session.packets(2), ['42["message-back","a"]', '431["b"]']);
  });

  it("closes connections that join nothing in time", async () => {
    const socket = await Socket.open(server());
    await within(1200, socket.closed);
    const session = await Polling.open(server());
    const ended = async () => {
      for (;;) {
        const response = await session.get();
        if (response.status === 400) return; // it ended between two polls
        const body = await response.text();
        if (body === "1") return;
        assert.equal(body, "2");
        await session.post("3");
      }
    };
    await within(1500, ended());
    assert.equal((await session.get()).status, 400);
  });

  it("lets connections live that joined", async () => {
    const socket = await Socket.join(server());
    await staysOpen(socket, 1300);
    socket.end();
  });
});

withServer("socketio_echo: events", "socketio_echo", quick, (server) => {
  const echoes = [
    ['42["message"]', '42["message-back"]'],
    ['42["message",1,"2",{"3":[null,true,-1.5e3]}]', '42["message-back",1,"2",{"3":[null,true,-1.5e3]}]'],
    ['42["message","ü€😀\\u0000\\ud83d\\ude00"]', '42["message-back","ü€😀\\u0000\\ud83d\\ude00"]'],
    [
      '42["message",{"__proto__":1,"_placeholder":true,"num":7}]',
      '42["message-back",{"__proto__":1,"_placeholder":true,"num":7}]',
    ],
    ['42["message",9007199254740993]', '42["message-back",9007199254740993]'],
    ['42["mess\\u0061ge",1]', '42["message-back",1]'],
    ['420["message-with-ack"]', "430[]"],
    ['42456["message-with-ack",1,"2",{"3":[]}]', '43456[1,"2",{"3":[]}]'],
    ['42007["message-with-ack",0]', "437[0]"],
    ['422147483648["message-with-ack",0]', "432147483648[0]"],
  ];
  eachRow(
    echoes,
    ([sent]) => `answers ${sent}`,
    async ([sent, answer]) => {
      const socket = await Socket.join(server());
      socket.send(sent);
      assert.equal(await socket.next(), answer);
      socket.end();
    }
  );

  const silent = [
    '42["unheard"]',
    '42["error"]',
    '42["connection",1]',
    "42[7,1]",
    "430[]",
    "43[]",
    "4399[1]",
    '4212["unheard"]',
  ];
  eachRow(
    silent,
    (packet) => `takes ${packet} without a word`,
    async (packet) => {
      const socket = await Socket.join(server());
      socket.send(packet);
      socket.send('42["message"]');
      assert.equal(await socket.next(), '42["message-back"]');
      socket.end();
    }
  );

  it("keeps the order of a burst", async () => {
    const socket = await Socket.join(server());
    for (let i = 0; i < 500; ++i) socket.send(`42${i}["message-with-ack",${i}]`);
    for (let i = 0; i < 500; ++i) assert.equal(await socket.next(), `43${i}[${i}]`);
    socket.end();
  });
});

withServer("socketio_echo: binary", "socketio_echo", quick, (server) => {
  it("echoes attachments behind their packet", async () => {
    const socket = await Socket.join(server());
    socket.send('452-["message",{"_placeholder":true,"num":0},{"deep":[{"_placeholder":true,"num":1}]}]');
    socket.send(bytes);
    socket.send(Buffer.alloc(0));
    assert.equal(
      await socket.next(),
      '452-["message-back",{"_placeholder":true,"num":0},{"deep":[{"_placeholder":true,"num":1}]}]'
    );
    assert.deepEqual(await socket.next(), bytes);
    assert.deepEqual(await socket.next(), Buffer.alloc(0));
    socket.end();
  });

  it("passes placeholders on as the protocol writes them", async () => {
    const socket = await Socket.join(server());
    socket.send('451-7["message-with-ack",{"num":0,"_placeholder":true},[{ "_placeholder" : true , "num" : 0 }]]');
    socket.send(bytes);
    assert.equal(
      await socket.next(),
      '461-7[{"_placeholder":true,"num":0},[{"_placeholder":true,"num":0}]]'
    );
    assert.deepEqual(await socket.next(), bytes);
    socket.end();
  });

  it("answers with a binary ack", async () => {
    const socket = await Socket.join(server());
    socket.send('451-12["message-with-ack",{"_placeholder":true,"num":0}]');
    socket.send(bytes);
    assert.equal(await socket.next(), '461-12[{"_placeholder":true,"num":0}]');
    assert.deepEqual(await socket.next(), bytes);
    socket.end();
  });

  it("takes ten attachments, the same one twice, and one that nobody refers to", async () => {
    const socket = await Socket.join(server());
    socket.send('4510-["message",{"_placeholder":true,"num":0},{"_placeholder":true,"num":0}]');
    for (let i = 0; i < 10; ++i) socket.send(Buffer.from([i]));
    assert.equal(
      await socket.next(),
      '4510-["message-back",{"_placeholder":true,"num":0},{"_placeholder":true,"num":0}]'
    );
    for (let i = 0; i < 10; ++i) assert.deepEqual(await socket.next(), Buffer.from([i]));
    socket.end();
  });

  it("works over polling, where binary is base64", async () => {
    const session = await Polling.open(server());
    await session.post("40");
    await session.packets(2);
    await session.post(
      ['451-["message",{"_placeholder":true,"num":0}]', `b${bytes.toString("base64")}`].join(separator)
    );
    assert.deepEqual(await session.packets(2), [
      '451-["message-back",{"_placeholder":true,"num":0}]',
      `b${bytes.toString("base64")}`,
    ]);
  });

  it("lets a pong stand between a packet and its attachment", async () => {
    const socket = await Socket.join(server(), { pings: true });
    assert.equal(await socket.next(), "2");
    socket.send('451-["message",{"_placeholder":true,"num":0}]');
    socket.send("3");
    socket.send(bytes);
    assert.match(await socket.next(), /^451-/);
    socket.end();
  });
});

withServer("socketio_echo: --max-payload", "socketio_echo", { ...quick, "max-payload": 3_000_000 }, (server) => {
  it("takes attachments as large as it announces, one or together", async () => {
    const socket = await Socket.join(server());
    assert.equal(socket.handshake.maxPayload, 3_000_000);
    const large = Buffer.alloc(2_000_000, 7);
    socket.send('451-["message",{"_placeholder":true,"num":0}]');
    socket.send(large);
    assert.match(await socket.next(), /^451-/);
    assert.deepEqual(await socket.next(), large);
    const half = large.subarray(0, 1_200_000);
    socket.send('452-["message",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]');
    socket.send(half);
    socket.send(half);
    assert.match(await socket.next(), /^452-/);
    assert.deepEqual(await socket.next(), half);
    assert.deepEqual(await socket.next(), half);
    socket.end();
  });
});

withServer("socketio_echo: leaving", "socketio_echo", quick, (server) => {
  it("leaves the main namespace and keeps the connection", async () => {
    const socket = await Socket.join(server(), { pings: true });
    socket.send("41");
    assert.equal(await within(450, socket.next()), "2");
    socket.send("3");
    socket.send("40");
    assert.match(await socket.next(), accepted);
    socket.end();
  });

  it("leaves one of two namespaces", async () => {
    const socket = await Socket.join(server());
    socket.send("40/custom,");
    await socket.next();
    await socket.next();
    socket.send("41/custom,");
    socket.send('42["message","still here"]');
    assert.equal(await socket.next(), '42["message-back","still here"]');
    socket.end();
  });
});

withServer("socketio_echo: what ends the whole connection", "socketio_echo", quick, (server) => {
  const deep = (levels) => `42["message",${"[".repeat(levels)}${"]".repeat(levels)}]`;
  const joined = [
    "4",
    "4abc",
    "47[]",
    "4-1",
    "42",
    "42{}",
    "42null",
    "42[]",
    "42[null]",
    "42[true]",
    "42[{}]",
    "42[[]]",
    '42["message"',
    '42["message"]]',
    '42["message"] x',
    '42["message",]',
    '42["message",NaN]',
    '42["message",01]',
    "42['message']",
    '42["message","\t"]',
    '42["connect"]',
    '42["connect_error"]',
    '42["disconnect"]',
    '42["disconnecting"]',
    '42["newListener"]',
    '42["removeListener"]',
    '4299999999999["message"]',
    "40",
    "40[]",
    "40null",
    '40"a"',
    "400",
    "40{",
    '44{"message":"from a client"}',
    "41{}",
    "43",
    "430",
    "430{}",
    '430"a"',
    '450-["message"]',
    '4511-["message"]',
    '45["message"]',
    '45x-["message"]',
    '45-1-["message"]',
    '451.5-["message"]',
    "46[]",
    "460-0[]",
    '42/custom,["message"]',
    "43/custom,0[]",
    "41/custom,",
    '42/unknown,["message"]',
    deep(600),
  ];
  eachRow(
    joined,
    (packet) => `${packet.slice(0, 60)}`,
    async (packet) => {
      const socket = await Socket.join(server());
      socket.send(packet);
      await within(300, socket.closed);
    }
  );

  eachRow(
    ['42["message"]', "41", "430[]", '451-["message",{"_placeholder":true,"num":0}]'],
    (packet) => `${packet} before CONNECT`,
    async (packet) => {
      const socket = await Socket.open(server());
      socket.send(packet);
      await within(300, socket.closed);
    }
  );

  const one = '451-["message",{"_placeholder":true,"num":0}]';
  const sequences = [
    ["a binary message out of nowhere", [bytes]],
    ["text where an attachment is due", [one, '42["message"]']],
    ["an attachment too many", [one, bytes, bytes]],
    ["a placeholder beyond the count", ['451-["message",{"_placeholder":true,"num":1}]', bytes]],
    ["a negative placeholder", ['451-["message",{"_placeholder":true,"num":-1}]', bytes]],
    ["a placeholder that is no number", ['451-["message",{"_placeholder":true,"num":"splice"}]', bytes]],
    ["a second CONNECT right behind the first", ["40/custom,", "40/custom,"]],
  ];
  eachRow(
    sequences,
    ([what]) => what,
    async ([, messages]) => {
      const socket = await Socket.join(server());
      messages.forEach((message) => socket.send(message));
      await within(300, socket.closed);
    }
  );

  it("over polling the parked poll is told", async () => {
    const session = await Polling.open(server());
    await session.post("40");
    await session.packets(2);
    const poll = session.get();
    await sleep(20);
    await session.post("4nonsense");
    assert.equal(await (await within(300, poll)).text(), "1");
    assert.equal((await session.get()).status, 400);
  });

  it("others do not notice", async () => {
    const socket = await Socket.join(server());
    socket.send('42["message","well"]');
    assert.equal(await socket.next(), '42["message-back","well"]');
    socket.end();
  });
});
