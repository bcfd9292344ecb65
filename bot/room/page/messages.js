// Draws a list of messages: who, when, what, reactions, replies, and what can be done with each.

import { body, time, typed } from "./blocks.js";
import { h, icon, sync } from "./dom.js";
import { calls, direct, nameOf, shown, state } from "./state.js";
import { clock, day, full, names, plural, sameDay } from "./words.js";

const CLOSE = 5 * 60; // seconds in which messages of one person stand together
const COLOURS = 8;

export function drawList(list, channel, thread) {
  const items = [];
  let before = null;
  const root = thread ? state.messages.get(thread) : null;
  const messages = root ? [root, ...shown(channel, thread)] : shown(channel, thread);
  for (const message of messages) {
    const at = new Date(message.at * 1000);
    if (!thread && (!before || !sameDay(new Date(before.at * 1000), at))) items.push(dayItem(at));
    const compact = follows(before, message) && message.id !== thread;
    items.push(messageItem(message, at, compact, thread));
    if (message.id === thread) items.push(repliesItem(message));
    before = message;
  }
  for (const one of state.pending) if (one.channel === channel && one.thread === thread) items.push(pendingItem(one));
  sync(list, items);
}

function follows(before, message) {
  if (!before || before.author !== message.author || message.only || before.only || before.deleted) return false;
  if (message.author === null && message.body.tone !== "plain") return false;
  return message.at - before.at < CLOSE && sameDay(new Date(before.at * 1000), new Date(message.at * 1000));
}

const dayItem = (at) => ({
  key: `day-${at.toDateString()}`,
  stamp: day(at),
  build: () => h("li", { class: "day" }, h("span", {}, day(at))),
});

const repliesItem = (root) => ({
  key: "replies",
  stamp: `${root.replies}`,
  build: () => h("li", { class: "day" }, h("span", {}, root.replies ? count(root) : "No replies yet")),
});

const count = (root) => plural(root.replies, "reply", "replies");

function pendingItem(one) {
  const note = state.connected ? "Sending" : "Waiting for the connection";
  return {
    key: `pending-${one.id}`,
    stamp: `${state.connected}`,
    build: () => h("li", { class: "message pending" }, avatar(state.me), h("div", { class: "what" },
      h("div", { class: "who" }, h("b", {}, nameOf(state.me)), h("span", { class: "sending" }, note)),
      one.text.startsWith("/") ? h("p", { class: "echo" }, one.text) : typed(one.text))),
  };
}

function messageItem(message, at, compact, thread) {
  const busy = [...state.busy].filter((one) => one.startsWith(`${message.id}|`)).join();
  const people = message.reactions.map((one) => one.people.map(nameOf)).join();
  const target = state.target === message.id;
  return {
    key: `m${message.id}`,
    stamp: [message.revision, compact, busy, people, nameOf(message.author), target, state.me].join("~"),
    build: () => draw(message, at, compact, thread, target),
  };
}

function draw(message, at, compact, thread, target) {
  const bot = message.author === null;
  const kinds = { compact, bot, only: message.only, pinged: calls(message), target };
  const kind = ["message", ...Object.keys(kinds).filter((one) => kinds[one])].join(" ");
  return h("li", { class: kind, "data-id": message.id, id: `${thread ? "t" : "m"}${message.id}` },
    compact ? sideTime(at) : avatar(message.author),
    h("div", { class: "what" },
      message.only && onlyYou(),
      h("div", { class: compact ? "unseen" : "who" }, h("b", {}, nameOf(message.author)), bot && h("span", { class: "tag" }, "bot"), time(at)),
      message.body.echo && h("p", { class: "echo" }, message.body.echo),
      content(message),
      reactions(message),
      !thread && message.replies > 0 && replies(message)),
    !message.deleted && !message.only && tools(message, thread));
}

const sideTime = (at) => h("span", { class: "side-time", title: full(at) }, clock(at).replace(/\s?[AP]M$/i, ""));

function content(message) {
  if (message.deleted) return h("p", { class: "gone" }, "This message was deleted.");
  return message.author === null ? body(message, state.busy) : typed(message.body.text);
}

export function avatar(user) {
  if (user === null) return h("img", { class: "avatar", src: "/room/page/icon.svg", alt: "", width: 36, height: 36 });
  const name = nameOf(user);
  const colour = [...user].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0)) % 9973, 7) % COLOURS;
  return h("span", { class: `avatar colour-${colour}`, "aria-hidden": "true" }, [...name][0].toUpperCase());
}

function onlyYou() {
  const act = { "data-act": "delete", "aria-label": "Dismiss this reply", title: "Dismiss" };
  return h("div", { class: "only-you" }, icon("eye"), h("span", {}, "Only visible to you"),
    h("button", { type: "button", class: "plain", ...act }, icon("close")));
}

function reactions(message) {
  if (!message.reactions.length) return null;
  const chips = message.reactions.map((one) => {
    const mine = one.people.includes(state.me);
    const count = one.people.length;
    const who = names(one.people.map((user) => (user === state.me ? "you" : nameOf(user)))) || "nobody yet";
    return h("li", {}, h("button", {
      type: "button",
      class: `chip${mine ? " mine" : ""}${count ? "" : " seed"}`,
      "data-act": "react",
      "data-emoji": one.emoji,
      "data-on": mine ? "no" : "yes",
      "aria-pressed": String(mine),
      "aria-label": `${one.emoji} ${plural(count, "reaction")}: ${who}`,
      title: who,
    }, h("span", { class: "emoji" }, one.emoji), count > 0 && h("span", { class: "number" }, String(count))));
  });
  const act = { "data-act": "pick", "aria-label": "Add a reaction", title: "Add a reaction" };
  const more = h("li", {}, h("button", { type: "button", class: "chip more", ...act }, icon("smile")));
  return h("ul", { class: "chips", "aria-label": "Reactions" }, chips, more);
}

function replies(message) {
  const last = new Date(message.repliedAt * 1000);
  return h("button", { type: "button", class: "replies", "data-act": "thread" },
    h("b", {}, count(message)), h("span", {}, "last ", time(last)));
}

function tools(message, thread) {
  const tool = (act, what, picture) => h("button", {
    type: "button", class: "plain", "data-act": act, "aria-label": what, title: what,
  }, icon(picture));
  return h("div", { class: "tools", role: "group", "aria-label": "What to do with this message" },
    tool("pick", "Add a reaction", "smile"),
    !thread && tool("thread", direct(message.channel) ? "Reply" : "Reply in thread", "reply"),
    message.author === state.me && tool("delete", "Delete this message", "trash"));
}
