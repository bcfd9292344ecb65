// Draws what the tab knows: the column at the left, the messages, the open thread, the title. Asks nobody.

import { $, h, icon, morphChildren } from "./dom.js";
import { drawList } from "./messages.js";
import { drawSide } from "./side.js";
import { attention, closed, direct, label, listed, pageKey, shown, state } from "./state.js";
import { plural } from "./words.js";

export const NEAR = 80; // pixels from the end that count as being there
export const MAIN = { scroll: $("scroll"), list: $("list"), older: $("older"), fresh: true };
export const SIDE = { scroll: $("thread-scroll"), list: $("thread-list"), older: $("thread-older"), fresh: true };
const drawn = [];
let planned = false;

// Calls this after every drawing.
export const whenDrawn = (call) => drawn.push(call);

// Draws soon, once for many changes. Not by animation frame: a tab in the background counts mentions in its title.
export function plan() {
  if (planned) return;
  planned = true;
  setTimeout(() => { planned = false; draw(); });
}

export function draw() {
  drawSide();
  const name = label(state.channel);
  $("title").replaceChildren(sign(state.channel), name);
  drawMembers();
  $("link").textContent = state.connected || state.revision === null ? "" : "Connecting again …";
  drawPane(MAIN, null);
  drawEmpty();
  if (state.thread) {
    $("thread-where").replaceChildren(sign(state.channel), name);
    drawPane(SIDE, state.thread);
  }
  const waiting = state.channels.reduce((sum, one) => sum + attention(one), 0);
  document.title = `${waiting ? `(${waiting}) ` : ""}${direct(state.channel) || closed(state.channel) ? "" : "#"}${name} · trainbot`;
  drawMenu(waiting);
  for (const one of drawn) one();
}

// What stands before a channel's name.
function sign(name) {
  if (direct(name)) return "";
  if (closed(name)) return h("span", { class: "lock" }, icon("lock"), h("span", { class: "unseen" }, "Private: "));
  return h("span", { class: "hash" }, "#");
}

function drawMembers() {
  const members = closed(state.channel) ? listed(state.channel).members : [];
  $("members").hidden = !members.length;
  const what = `${plural(members.length, "person", "people")} in this private channel: let others in or out`;
  $("members").setAttribute("aria-label", what);
  $("members").title = what;
  morphChildren($("members"), [icon("people"), h("span", {}, String(members.length))]);
}

// Where the channels are in a drawer, their counts show at what opens it.
function drawMenu(waiting) {
  $("menu").setAttribute("aria-label", `Channels and people${waiting ? `, ${waiting} new` : ""}`);
  morphChildren($("menu"), [icon("menu"), ...(waiting ? [h("span", { class: "badge", "aria-hidden": "true" }, String(waiting))] : [])]);
}

export const atEnd = ({ scroll }) => scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < NEAR;

function drawPane(pane, thread) {
  const end = atEnd(pane);
  const page = state.pages.get(pageKey(state.channel, thread));
  const height = pane.scroll.scrollHeight;
  const first = pane.list.querySelector("[data-id]")?.dataset.id;
  drawList(pane.list, state.channel, thread);
  const earlier = { type: "button", class: "soft", "data-act": "older", "data-thread": thread || "" };
  morphChildren(pane.older, page?.more ? [h("button", earlier, "Earlier messages")] : []);
  const grown = first !== pane.list.querySelector("[data-id]")?.dataset.id && !end;
  pane.stuck = end || pane.fresh; // known before the browser says that it has scrolled
  if (pane.stuck) pane.scroll.scrollTop = pane.scroll.scrollHeight;
  else if (grown) pane.scroll.scrollTop += pane.scroll.scrollHeight - height;
  if (page?.floor !== undefined && !page.loading) pane.fresh = false;
  if (pane === MAIN) $("down").hidden = atEnd(pane);
}

function drawEmpty() {
  const page = state.pages.get(state.channel);
  const loaded = page && !page.loading && !page.more;
  const empty = loaded && !shown(state.channel, null).length && !state.pending.length;
  const try_ = (text) => h("button", { type: "button", class: "soft", "data-act": "fill", "data-text": text }, text);
  morphChildren($("empty"), empty ? [
    h("img", { src: "/room/page/icon.svg", alt: "", width: 48, height: 48 }),
    ...(direct(state.channel)
      ? [h("h2", {}, "Just you and trainbot"), h("p", {}, "What you ask here is seen by nobody else.")]
      : [h("h2", {}, closed(state.channel) ? `This is ${label(state.channel)}, a private channel` : `This is #${state.channel}`),
        closed(state.channel) && h("p", {}, "Only the people in it see what is said and trained here."),
        h("p", {}, "Start a training run and it reports here: one card, its thread, and samples to vote on.")]),
    h("div", { class: "tries" }, try_("/train start "), try_("/train help")),
  ].filter(Boolean) : []);
}

export function toast(text) {
  $("toast").textContent = text;
  $("toast").hidden = false;
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => { $("toast").hidden = true; }, 6000);
}
