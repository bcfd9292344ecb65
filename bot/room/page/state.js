// What this tab knows. Messages are kept by id at their newest revision, so being told twice does no harm.

export const BOT = "trainbot";

export const state = {
  me: sessionStorage.getItem("trainbot.person") || localStorage.getItem("trainbot.person") || "ada",
  channel: "training",
  thread: null, // the open thread's root
  target: null, // a message to show, from the address
  emoji: [],
  people: new Map(), // user -> name
  channels: [],
  messages: new Map(),
  pages: new Map(), // "channel" or "t17" -> { floor, more, loading }
  pending: [], // what was sent and is not answered yet: { id, channel, thread, text }
  busy: new Set(), // "message|call" of buttons in flight
  revision: null,
  top: 0, // the newest message that unread counts know of
  version: null,
  connected: false,
};

export const direct = (channel) => channel.startsWith("@");
export const listed = (name) => state.channels.find((one) => one.name === name);
// Whether others can be let in and out: a direct conversation is private too, but nobody else's.
export const closed = (name) => !direct(name) && Boolean(listed(name)?.private);
export const label = (channel) => (direct(channel) ? BOT : listed(channel)?.title || channel);
export const nameOf = (user) => (user === null ? BOT : state.people.get(user) || user);
export const pageKey = (channel, thread) => (thread ? `t${thread}` : channel);
export const calls = (message) => message.ping === "*" || message.ping === state.me;

// One per click or enter. Not randomUUID, which browsers keep from pages without TLS.
export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (one) => one.toString(16).padStart(2, "0")).join("");
}

export function forget() {
  state.messages.clear();
  state.pages.clear();
}

// Keeps a message unless a newer one is known.
export function keep(message) {
  const known = state.messages.get(message.id);
  if (!known || known.revision <= message.revision) state.messages.set(message.id, message);
}

// The messages of a channel or thread that were loaded, oldest first.
export function shown(channel, thread) {
  const page = state.pages.get(pageKey(channel, thread));
  if (!page) return [];
  return [...state.messages.values()]
    .filter((one) => one.channel === channel && one.thread === thread && one.id >= page.floor)
    .filter((one) => !one.deleted || one.replies > 0)
    .sort((one, other) => one.id - other.id);
}

// Takes in what the server told; returns the messages that are new and were said by somebody else.
export function take(told) {
  if (told.reset) forget();
  for (const message of told.messages) keep(message);
  state.revision = told.revision;
  const fresh = told.messages.filter((one) => one.id > state.top && !one.deleted && one.author !== state.me);
  if (told.people) state.people = new Map(told.people.map((one) => [one.user, one.name]));
  if (told.channels) hold(told.channels);
  else for (const message of fresh) count(message);
  state.top = Math.max(state.top, told.top || 0, ...told.messages.map((one) => one.id));
  return fresh;
}

// The channels that this person sees; what is known of one that is not among them any more is forgotten.
function hold(channels) {
  const gone = new Set(state.channels.map((one) => one.name));
  for (const one of channels) gone.delete(one.name);
  state.channels = channels;
  for (const message of [...state.messages.values()]) {
    if (!gone.has(message.channel)) continue;
    state.messages.delete(message.id);
    state.pages.delete(pageKey(message.channel, message.id));
  }
  for (const name of gone) state.pages.delete(name);
}

function count(message) {
  const channel = listed(message.channel);
  if (!channel || message.only) return;
  if (message.thread === null) channel.unread += 1;
  if (calls(message)) channel.mentions += 1;
}

export const attention = (channel) => (direct(channel.name) ? Math.max(channel.unread, channel.mentions) : channel.mentions);

// Drafts survive a reload of the tab.
const drafts = JSON.parse(sessionStorage.getItem("trainbot.drafts") || "{}");
export const draft = (key) => drafts[key] || "";
export function setDraft(key, text) {
  if (text) drafts[key] = text;
  else delete drafts[key];
  sessionStorage.setItem("trainbot.drafts", JSON.stringify(drafts));
}
