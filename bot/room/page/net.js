// Talks to the room: reads, writes that are repeated until they arrive, and the socket that carries changes.
// A write carries an id (or says what should be), so repeating it is harmless.

import { state } from "./state.js";

const wait = (seconds) => new Promise((done) => setTimeout(done, seconds * 1000));
let online = wakeable();

function wakeable() {
  const one = {};
  one.happened = new Promise((done) => { one.happen = done; });
  return one;
}

async function read(response) {
  if (response.status === 401) location.reload(); // the room does not know this browser any more
  const told = await response.json().catch(() => ({ error: `The room answered ${response.status}.` }));
  if (!response.ok) throw Object.assign(new Error(told.error), { sentence: told.error });
  return told;
}

export async function get(path, query) {
  return read(await fetch(`/room/${path}?${new URLSearchParams(query)}`));
}

// Sends until there is an answer; an answer that is a refusal throws an error with `sentence`.
export async function post(path, body, { again = true, signal } = {}) {
  for (let pause = 0.5; ; pause = Math.min(pause * 2, 8)) {
    try {
      const response = await fetch(`/room/${path}`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(body),
        signal,
      });
      if (response.status < 500 || !again) return await read(response);
    } catch (error) {
      if (error.sentence || !again || signal?.aborted) throw error;
    }
    await Promise.race([wait(pause), online.happened]);
  }
}

let socket = null;
let pause = 0.5;
let generation = 0;

// Keeps a socket open; `hear` gets every frame, `changed` is called when the connection comes or goes.
export function connect(hear, changed) {
  const mine = ++generation;
  socket?.close();
  const query = new URLSearchParams({ person: state.me });
  if (state.revision !== null) query.set("after", state.revision);
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const own = new WebSocket(`${scheme}://${location.host}/room/live?${query}`);
  socket = own;
  own.onmessage = (event) => {
    if (mine !== generation) return;
    pause = 0.5;
    state.connected = true;
    online.happen();
    online = wakeable();
    hear(JSON.parse(event.data));
  };
  own.onclose = async () => {
    if (mine !== generation) return;
    state.connected = false;
    changed();
    await Promise.race([wait(pause), awake()]);
    pause = Math.min(pause * 2, 8);
    if (mine !== generation) return;
    await admitted();
    connect(hear, changed);
  };
}

// A socket that is refused does not say why; a page does.
async function admitted() {
  const response = await fetch("/", { cache: "no-store" }).catch(() => null);
  if (response?.status === 401) location.reload();
}

function awake() {
  return new Promise((done) => {
    addEventListener("online", done, { once: true });
    addEventListener("focus", done, { once: true });
  });
}
