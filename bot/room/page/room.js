// The room's page: starts everything, hears changes, and turns clicks and keys into acts.
// It polls nothing, asks no other host, and puts every text in as text.

import { zoomed } from "./blocks.js";
import { Composer } from "./composer.js";
import { $, h, icon } from "./dom.js";
import { connect, post } from "./net.js";
import { openChannel, openInvite, openMembers, openPeople, showMembers } from "./side.js";
import { calls, closed, direct, forget, keep, label, listed, nameOf, newId, pageKey, state, take } from "./state.js";
import { atEnd, draw, MAIN, NEAR, plan, SIDE, toast, whenDrawn } from "./view.js";
import { closeThread, drawer, follow, go, load, markRead } from "./ways.js";

let opener = null; // where the focus goes back to

const composer = new Composer($("composer"), "write", () => ({
  channel: state.channel, thread: null, key: `${state.me} ${state.channel}`,
  hint: direct(state.channel) ? "Ask trainbot: / shows what it can do" : `Message ${closed(state.channel) ? "" : "#"}${label(state.channel)}`,
}), (text) => say(text, null));

const replier = new Composer($("thread-composer"), "reply", () => ({
  channel: state.channel, thread: state.thread, key: `${state.me} ${pageKey(state.channel, state.thread)}`, hint: "Reply in thread",
}), (text) => say(text, state.thread));

// Hearing -----------------------------------------------------------------------------------------------------------

function hear(told) {
  const first = state.people.size === 0;
  const seen = listed(state.channel);
  const fresh = take(told);
  if (told.emoji) state.emoji = told.emoji;
  const writing = composer.box.value || replier.box.value;
  if (told.version && state.version && told.version !== state.version && !writing) location.reload();
  state.version = told.version || state.version;
  showMembers();
  if (first && !state.people.has(state.me)) become([...state.people.keys()][0]);
  for (const message of fresh) if (!first) announce(message);
  if (first) follow();
  plan();
  if (seen && !listed(state.channel)) return leave();
  load(state.channel, null);
  if (state.thread) load(state.channel, state.thread);
  return undefined;
}

// The channel is not there for this person any more.
function leave() {
  unsay();
  toast("You are not in that channel any more.");
  go("training");
}

function announce(message) {
  if (message.channel !== state.channel && !calls(message) && !direct(message.channel)) return;
  const text = message.author === null ? message.body.summary : message.body.text;
  $(calls(message) ? "alert" : "live").textContent = `${nameOf(message.author)}: ${text}`.slice(0, 300);
}

// What was read out, or enlarged, is not for whoever looks next.
function unsay() {
  $("live").textContent = $("alert").textContent = "";
  $("lightbox").close();
  $("lightbox").replaceChildren();
}

function become(user) {
  unsay();
  state.me = user;
  sessionStorage.setItem("trainbot.person", user);
  localStorage.setItem("trainbot.person", user);
  forget();
  const channels = state.channels.filter((one) => !one.private);
  Object.assign(state, { revision: null, channels, pending: [] });
  if (direct(state.channel)) go(`@${user}`);
  MAIN.fresh = SIDE.fresh = true;
  connect(hear, plan);
}

// Acting ------------------------------------------------------------------------------------------------------------

async function attempt(path, body) {
  try {
    const told = await post(path, body);
    if (told.message && body.person === state.me) keep(told.message);
    return told;
  } catch (error) {
    toast(error.sentence || "That did not work.");
    return null;
  } finally {
    plan();
  }
}

async function say(text, thread) {
  const one = { id: newId(), channel: state.channel, thread, text };
  state.pending.push(one);
  draw();
  const pane = thread ? SIDE : MAIN;
  pane.scroll.scrollTop = pane.scroll.scrollHeight;
  const told = await attempt("say", { ...one, person: state.me });
  state.pending = state.pending.filter((other) => other !== one);
  const box = thread ? replier : composer;
  if (!told && !box.box.value) box.write(text);
}

async function press(id, button) {
  const mark = `${id}|${button.dataset.call}`;
  if (state.busy.has(mark)) return;
  state.busy.add(mark);
  draw();
  const thread = button.closest("#thread") ? state.thread : null;
  await attempt("press", { id: newId(), person: state.me, message: id, call: button.dataset.call, thread });
  state.busy.delete(mark);
}

const react = (message, emoji, on) => attempt("react", { person: state.me, message, emoji, on });

function pick(id, button) {
  opener = button;
  const own = state.messages.get(id).reactions.filter((one) => one.people.includes(state.me)).map((one) => one.emoji);
  $("picker").replaceChildren(...state.emoji.map((emoji) => h("button", {
    type: "button", role: "menuitemcheckbox", "aria-checked": String(own.includes(emoji)), "aria-label": emoji,
    "data-act": "picked", "data-emoji": emoji, "data-on": own.includes(emoji) ? "no" : "yes", "data-message": id,
  }, emoji)));
  $("picker").hidden = false;
  const at = button.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = $("picker");
  $("picker").style.left = `${Math.max(8, Math.min(at.left, innerWidth - width - 8))}px`;
  $("picker").style.top = `${at.top > height + 16 ? at.top - height - 6 : at.bottom + 6}px`;
  $("picker").firstChild.focus();
}

function unpick() {
  if ($("picker").hidden) return false;
  $("picker").hidden = true;
  if (opener?.isConnected) opener.focus();
  return true;
}

const ACTS = {
  react: (button, id) => react(id, button.dataset.emoji, button.dataset.on === "yes"),
  pick: (button, id) => pick(id, button),
  picked: (button) => {
    unpick();
    react(Number(button.dataset.message), button.dataset.emoji, button.dataset.on === "yes");
  },
  press: (button, id) => press(id, button),
  thread: (button, id) => { opener = button; go(state.channel, id); },
  "close-thread": closeThread,
  delete: (button, id) => attempt("delete", { person: state.me, message: id }),
  older: (button) => load(state.channel, Number(button.dataset.thread) || null, { older: true }),
  down: () => { $("scroll").scrollTop = $("scroll").scrollHeight; },
  fill: (button) => composer.write(button.dataset.text),
  channel: () => drawer(false),
  drawer: () => drawer(!$("app").classList.contains("drawn")),
  people: openPeople,
  "new-channel": openChannel,
  members: openMembers,
  member: (button) => attempt("members", {
    person: state.me, channel: state.channel, member: button.dataset.user, on: button.dataset.on === "yes",
  }),
  become: (button) => { $("dialog").close(); become(button.dataset.user); drawer(false); },
  "close-dialog": () => $("dialog").close(),
  invite: async () => {
    const told = await attempt("invite", {});
    if (told) openInvite(told.url);
  },
  copy: copy,
  zoom: (button) => {
    $("lightbox").replaceChildren(...zoomed(button.dataset.src, button.dataset.alt));
    $("lightbox").showModal();
  },
  unzoom: () => $("lightbox").close(),
};

async function copy(button) {
  $("invite-url").select();
  const done = await navigator.clipboard?.writeText($("invite-url").value).then(() => true, () => false);
  button.textContent = done ? "Copied" : "Press Ctrl+C";
}

const FORMS = {
  person: async ({ name }) => {
    const told = await post("people", { name: name.value });
    state.people.set(told.user, told.name);
    become(told.user);
  },
  channel: async ({ name, private: alone }) => {
    const told = await post("channels", { id: newId(), person: state.me, name: name.value, private: alone.checked });
    go(told.name);
  },
};

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-act]");
  if (!$("picker").hidden && !event.target.closest("#picker")) unpick();
  if (event.target === $("dialog") || event.target === $("lightbox")) event.target.close();
  if (button) ACTS[button.dataset.act](button, Number(button.closest("[data-id]")?.dataset.id));
});

$("dialog").addEventListener("close", () => $("dialog").replaceChildren()); // an invitation does not stay behind
document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.dataset.form) return;
  event.preventDefault();
  try {
    await FORMS[form.dataset.form](form.elements);
    $("dialog").close();
  } catch (error) {
    form.querySelector(".problem").textContent = error.sentence || "That did not work.";
  }
});

document.addEventListener("keydown", (event) => {
  const typing = event.target.matches("textarea, input");
  const step = { ArrowDown: 1, ArrowUp: -1, ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (event.target.closest("#picker") && step) {
    const all = [...$("picker").children];
    all[(all.indexOf(event.target) + step + all.length) % all.length].focus();
  } else if (event.altKey && step && /Up|Down/.test(event.key)) {
    const at = state.channels.findIndex((one) => one.name === state.channel);
    go(state.channels[(at + step + state.channels.length) % state.channels.length].name);
  } else if (event.key === "Escape" && !document.querySelector("dialog[open]")) {
    if (unpick()) return;
    if ($("app").classList.contains("drawn")) drawer(false);
    else closeThread();
    return;
  } else if (event.key === "/" && !typing && !document.querySelector("dialog[open]")) composer.write("/");
  else return;
  event.preventDefault();
});

// A pane that shows its end keeps showing it when pictures or edits make it grow.
for (const pane of [MAIN, SIDE]) {
  pane.scroll.addEventListener("scroll", () => {
    // What grew before the browser said that it has scrolled is no reason to stay behind; going up is.
    const up = pane.scroll.scrollTop < pane.top;
    pane.stuck = atEnd(pane) || (pane.stuck && !up);
    pane.top = pane.scroll.scrollTop;
  }, { passive: true });
  new ResizeObserver(() => { if (pane.stuck) pane.scroll.scrollTop = pane.scroll.scrollHeight; }).observe(pane.list);
}
MAIN.scroll.addEventListener("scroll", () => {
  $("down").hidden = atEnd(MAIN);
  if (MAIN.scroll.scrollTop < NEAR && !MAIN.fresh) load(state.channel, null, { older: true });
  if (atEnd(MAIN)) markRead();
}, { passive: true });
document.addEventListener("visibilitychange", () => !document.hidden && plan());
addEventListener("hashchange", follow);

$("thread-close").append(icon("close"));
$("down").append(icon("down"), "Newest");
$("invite").append(icon("link"), h("span", {}, "Invite"));
whenDrawn(() => composer.show());
whenDrawn(() => replier.show());
whenDrawn(markRead);
if (!location.hash) history.replaceState(null, "", "#c/training");
follow();
connect(hear, plan);
if (matchMedia("(hover: hover)").matches) composer.box.focus();
