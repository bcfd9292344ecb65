// Where the tab is: channel, thread and message by the address's fragment; loads what is needed to be there.

import { $ } from "./dom.js";
import { get, post } from "./net.js";
import { keep, listed, pageKey, state } from "./state.js";
import { atEnd, draw, MAIN, plan, SIDE, toast } from "./view.js";

// Loads the last page of a channel or thread, or the one before what is there. Whoever asks meanwhile waits for it.
export function load(channel, thread, { older = false } = {}) {
  const key = pageKey(channel, thread);
  const page = state.pages.get(key) || {};
  if (page.loading) return page.loading;
  if (page.floor !== undefined && !(older && page.more)) return Promise.resolve();
  state.pages.set(key, page);
  page.loading = fetchPage(page, key, channel, thread).finally(() => {
    page.loading = null;
    plan();
  });
  return page.loading;
}

async function fetchPage(page, key, channel, thread) {
  const me = state.me;
  const query = { person: me, ...(thread ? { root: thread } : { channel }) };
  if (page.floor !== undefined) query.before = page.floor;
  try {
    const told = await get(thread ? "thread" : "history", query);
    if (me !== state.me || state.pages.get(key) !== page) return;
    if (told.root) keep(told.root);
    told.messages.forEach(keep);
    page.floor = told.messages.length ? told.messages[0].id : page.floor ?? 0;
    page.more = told.more;
  } catch (error) {
    if (state.pages.get(key) === page && page.floor === undefined) state.pages.delete(key);
    if (!error.sentence) return; // no connection: asked again when it is back
    if (thread) closeThread();
    else if (channel !== "training") go("training");
    toast(error.sentence);
  }
}

// What is at the end of a visible list has been read.
export function markRead() {
  const channel = listed(state.channel);
  if (!channel || document.hidden || !atEnd(MAIN) || !(channel.unread || channel.mentions)) return;
  channel.unread = channel.mentions = 0;
  const here = [...state.messages.values()].filter((one) => one.channel === channel.name && !one.deleted);
  const last = Math.max(0, ...here.map((one) => one.id));
  if (last) post("read", { person: state.me, message: last }).catch(() => {});
  plan();
}

export const go = (channel, thread) => { location.hash = `#c/${channel}${thread ? `/t${thread}` : ""}`; };

// Shows what the address names.
export async function follow() {
  const [, channel, thread, target] = /^#c\/(@?[a-z0-9-]+)(?:\/t(\d+))?(?:\/m(\d+))?$/.exec(location.hash) || [];
  if (!channel) return;
  const other = channel !== state.channel;
  const root = thread ? Number(thread) : null;
  const elsewhere = other || root !== state.thread;
  if (elsewhere) SIDE.fresh = true;
  if (other) MAIN.fresh = true;
  Object.assign(state, { channel, thread: root, target: target ? Number(target) : null });
  $("thread").hidden = !root;
  $("app").classList.toggle("threaded", Boolean(root));
  drawer(false);
  if (state.revision === null) return; // the first frame comes back here
  draw();
  await Promise.all([load(channel, null), root && load(channel, root)]);
  if (state.channel !== channel || state.thread !== root) return;
  if (target) await seek(root ? SIDE : MAIN, root, Number(target));
  // Where there is no pointer, a focused box would bring up the keyboard over what is to be read.
  else if (root && elsewhere) $(matchMedia("(hover: none)").matches ? "thread-scroll" : "reply").focus();
}

// Brings a message into view, loading what lies between.
async function seek(pane, thread, target) {
  pane.fresh = false;
  for (let pages = 0; pages < 25; pages += 1) {
    draw();
    const node = pane.list.querySelector(`[data-id="${target}"]`);
    if (node) return node.scrollIntoView({ block: "center" });
    if (!state.pages.get(pageKey(state.channel, thread))?.more) break;
    await load(state.channel, thread, { older: true });
  }
  return toast("That message is not here any more.");
}

export function closeThread() {
  if (!state.thread) return;
  const root = state.thread;
  go(state.channel);
  const message = $("list").querySelector(`[data-id="${root}"]`);
  const back = message?.querySelector(".replies") || message?.querySelector("[data-act=thread]");
  (back || $("write")).focus();
}

export function drawer(open) {
  const focused = $("side").contains(document.activeElement);
  $("app").classList.toggle("drawn", open);
  $("menu").setAttribute("aria-expanded", String(open));
  if (open) $("side").querySelector("a.here, a")?.focus();
  else if (focused && getComputedStyle($("menu")).display !== "none") $("menu").focus();
}
