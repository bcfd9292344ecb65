// The column at the left (channels, the bot, who you are) and the dialogs that belong to it.

import { $, h, icon, morphChildren } from "./dom.js";
import { avatar } from "./messages.js";
import { attention, closed, direct, label, listed, nameOf, state } from "./state.js";
import { plural } from "./words.js";

const logo = (size) => h("img", { src: "/room/page/icon.svg", alt: "", width: size, height: size });
const tool = (act, what, picture) => h("button", {
  type: "button", class: `plain ${picture}`, "data-act": act, "aria-label": what, title: what,
}, icon(picture));

export function drawSide() {
  const rooms = state.channels.filter((one) => !direct(one.name));
  const own = state.channels.filter((one) => direct(one.name));
  morphChildren($("side"), [
    h("div", { class: "brand" }, logo(26), h("b", {}, "trainbot"), tool("drawer", "Close the channel list", "close")),
    h("nav", { "aria-label": "Channels" },
      h("h2", {}, "Channels", tool("new-channel", "Add a channel", "plus")),
      h("ul", {}, rooms.map(entry)),
      h("h2", {}, "Direct messages"),
      h("ul", {}, own.map(entry))),
    h("button", { type: "button", class: "you", id: "you", "data-act": "people", "aria-haspopup": "dialog" },
      avatar(state.me), h("span", {}, h("small", {}, "You are"), h("b", {}, nameOf(state.me))), icon("chevron")),
  ]);
}

function entry(channel) {
  const here = channel.name === state.channel;
  const calls = attention(channel);
  const news = channel.unread > 0 || calls > 0;
  const lock = closed(channel.name);
  const said = calls ? `, ${plural(calls, direct(channel.name) ? "new message" : "mention")}` : news ? ", unread" : "";
  return h("li", {}, h("a", {
    href: `#c/${channel.name}`,
    class: `${here ? "here" : ""}${news ? " news" : ""}`,
    "aria-current": here ? "page" : null,
    "data-act": "channel",
    "aria-label": `${label(channel.name)}${lock ? ", private" : ""}${said}`,
  },
  direct(channel.name) ? logo(18) : h("span", { class: "hash", "aria-hidden": "true" }, lock ? icon("lock") : "#"),
  h("span", { class: "label" }, label(channel.name)),
  calls > 0 && h("span", { class: "badge", "aria-hidden": "true" }, String(calls))));
}

function open(title, ...content) {
  const head = h("header", {}, h("h2", { id: "dialog-title" }, title), tool("close-dialog", "Close", "close"));
  $("dialog").replaceChildren(head, ...content);
  if (!$("dialog").open) $("dialog").showModal();
}

const asking = (kind, what, example, limit, ...more) => h("form", { class: "ask", "data-form": kind },
  h("label", { for: "ask" }, what),
  h("div", {},
    h("input", { id: "ask", name: "name", required: true, maxlength: limit, placeholder: example, autocomplete: "off" }),
    h("button", { type: "submit", class: "button primary" }, "Add")),
  more,
  h("p", { class: "problem", role: "alert" }));

export function openPeople() {
  const people = [...state.people].map(([user, name]) => h("li", {}, h("button", {
    type: "button", "data-act": "become", "data-user": user, "aria-current": user === state.me ? "true" : null,
  }, avatar(user), h("span", {}, name), user === state.me && icon("check"))));
  open("Who are you here?", h("ul", { class: "people" }, people),
    asking("person", "Somebody else", "A name", 40),
    h("p", { class: "aside" }, "Names in this room are labels: anyone who is in may use any of them. "
      + "Each browser tab can be another person, so that two can vote."));
}

export function openChannel() {
  const alone = h("label", { class: "tick" }, h("input", { type: "checkbox", name: "private" }),
    h("span", {}, h("b", {}, "Private"), " Only people who are let in see it and its runs."));
  open("Add a channel", asking("channel", "Name", "evals", 41, alone),
    h("p", { class: "aside" }, "Letters a to z, digits and hyphens. Without the tick everyone in the room sees it."));
  $("ask").focus();
}

export function openMembers() {
  open(`Who is in ${label(state.channel)}`, h("ul", { class: "people members", id: "inside" }),
    h("p", { class: "aside" }, "Whoever is inside can let others in and out, and reads what was said before."));
  showMembers();
  $("dialog").querySelector("#inside button")?.focus();
}

// Keeps the list of members true while it is open.
export function showMembers() {
  if (!$("inside")) return;
  if (!closed(state.channel)) return $("dialog").close();
  const { members } = listed(state.channel);
  // In an order that no click changes, so that the same key does not act on somebody else.
  return morphChildren($("inside"), [...state.people.keys()].map((user) => person(user, members.includes(user))));
}

function person(user, inside) {
  const name = nameOf(user);
  const me = user === state.me;
  const what = inside ? (me ? "Leave" : "Remove") : "Let in";
  return h("li", {}, avatar(user), h("span", {}, name, me && h("small", {}, " you")), h("button", {
    type: "button", class: `button${inside ? "" : " primary"}`, "data-act": "member", "data-user": user,
    "data-on": inside ? "no" : "yes", "aria-label": me ? "Leave this channel" : `${what} ${name}`,
  }, what));
}

export function openInvite(url) {
  open("Let another browser in",
    h("p", {}, "This address works once, within a day. Whoever opens it can do everything that you can."),
    h("div", { class: "invite" }, h("input", { id: "invite-url", readonly: true, value: url, "aria-label": "Invitation" }),
      h("button", { type: "button", class: "button primary", "data-act": "copy" }, "Copy")));
  $("invite-url").select();
}
