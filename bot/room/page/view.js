// Draws what the tab knows: the column at the left, the messages, the open thread, the title. Asks nobody.

import { $, h, morphChildren } from "./dom.js";
import { drawList } from "./messages.js";
import { drawSide } from "./side.js";
import { attention, direct, label, pageKey, shown, state } from "./state.js";

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
  $("title").replaceChildren(direct(state.channel) ? "" : h("span", { class: "hash" }, "#"), name);
  $("link").textContent = state.connected || state.revision === null ? "" : "Connecting again …";
  drawPane(MAIN, null);
  drawEmpty();
  if (state.thread) {
    $("thread-where").textContent = direct(state.channel) ? name : `#${name}`;
    drawPane(SIDE, state.thread);
  }
  const waiting = state.channels.reduce((sum, one) => sum + attention(one), 0);
  document.title = `${waiting ? `(${waiting}) ` : ""}${direct(state.channel) ? "" : "#"}${name} · trainbot`;
  for (const one of drawn) one();
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
  if (end || pane.fresh) pane.scroll.scrollTop = pane.scroll.scrollHeight;
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
      : [h("h2", {}, `This is #${state.channel}`),
        h("p", {}, "Start a training run and it reports here: one card, its thread, and samples to vote on.")]),
    h("div", { class: "tries" }, try_("/train start "), try_("/train help")),
  ] : []);
}

export function toast(text) {
  $("toast").textContent = text;
  $("toast").hidden = false;
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => { $("toast").hidden = true; }, 6000);
}
