// Draws the body of a message: one function a block, one a span. Every text goes in as text.

import { h, icon } from "./dom.js";
import { state } from "./state.js";
import { bytes, full, moment } from "./words.js";

const WIDE = 19; // characters that fit one column of facts
const PLAIN = new Set(["prose", "aside", "buttons", "file"]);
const GATHERED = new Set(["picture", "file"]);

// The body of one of the bot's messages. A message that is more than a sentence becomes a card.
export function body(message, busy) {
  const { blocks, tone, summary } = message.body;
  const drawn = gathered(blocks).map((block) => BLOCKS[block.is](block, { message, busy }));
  const parts = drawn.length ? drawn : [h("p", {}, summary)];
  const card = tone !== "plain" || blocks.some((block) => !PLAIN.has(block.is));
  return h("div", { class: `body${card ? ` card tone-${tone}` : ""}` }, parts);
}

// Pictures that follow each other stand side by side where there is room, and so do files.
function gathered(blocks) {
  const rows = [];
  for (const block of blocks) {
    const row = `${block.is}s`;
    if (!GATHERED.has(block.is)) rows.push(block);
    else if (rows.at(-1)?.is === row) rows.at(-1).blocks.push(block);
    else rows.push({ is: row, blocks: [block] });
  }
  return rows;
}

const caption = (block) => block.title && h("figcaption", {}, block.title);

const meter = (block) => h("div", { class: "meter" },
  h("progress", { max: 1, value: block.done, "aria-label": block.label }), h("span", {}, block.label));

const BLOCKS = {
  heading: (block) => h("h3", { class: "heading" }, line(block.line)),
  prose: (block) => h("p", { class: "prose", dir: "auto" }, line(block.line)),
  aside: (block) => h("p", { class: "aside" }, line(block.line)),
  facts: (block) => h("dl", { class: "facts" }, block.pairs.map(fact)),
  verbatim: (block) => h("figure", { class: "verbatim" }, caption(block), scrolling("pre", block, "Text")),
  quote: (block) => h("figure", { class: "quote" }, caption(block), scrolling("blockquote", block, "Quote")),
  grid,
  pictures: (row) => h("div", { class: "pictures" }, row.blocks.map(picture)),
  files: (row, { message }) => h("ul", { class: "files", "aria-label": "Files" }, row.blocks.map((block) => h("li", {}, file(block, message)))),
  meter,
  buttons,
};

// A long value takes two columns.
function fact([name, value]) {
  const length = value.reduce((sum, span) => sum + (span.text || "").length, 0);
  return h("div", { class: length > WIDE ? "wide" : null }, h("dt", {}, name), h("dd", {}, line(value)));
}

// Long text scrolls in a box of its own, which the keyboard must be able to reach.
function scrolling(tag, block, what) {
  const long = block.text.length > 600 || block.text.split("\n").length > 10;
  const reach = long ? { tabindex: 0, role: "region", "aria-label": block.title || what } : {};
  return h(tag, { dir: "auto", ...reach }, block.text);
}

function grid(block) {
  const head = h("thead", {}, h("tr", {}, block.header.map((one) => h("th", { scope: "col" }, one))));
  const rows = block.rows.map((row) => h("tr", {}, row.map((cell) => h("td", {}, line(cell)))));
  const reach = { tabindex: 0, role: "region", "aria-label": `Table: ${block.header.join(", ")}` };
  return h("div", { class: "grid", ...reach }, h("table", {}, head, h("tbody", {}, rows)));
}

function picture(block) {
  const source = `/room/picture/${block.sha256}.png?${new URLSearchParams({ person: state.me })}`;
  const size = block.width ? { width: block.width, height: block.height } : {};
  const image = h("img", { src: source, alt: block.alt, ...size });
  const act = { "data-act": "zoom", "data-src": source, "data-alt": block.alt, title: "Enlarge" };
  return h("button", { class: "picture", type: "button", ...act }, image);
}

function file(block, message) {
  const source = `/room/file/${message.id}/${block.sha256}?${new URLSearchParams({ person: state.me })}`;
  const size = bytes(block.size);
  return h("a", { class: "file", href: source, download: block.name, "aria-label": `Download ${block.name}, ${size}: ${block.label}` },
    icon("download"), h("span", { class: "file-what" }, h("b", {}, block.name), h("span", {}, block.label ? `${size} · ${block.label}` : size)));
}

function buttons(block, { message, busy }) {
  return h("div", { class: "buttons" }, block.buttons.map((one) => {
    const waits = busy.has(`${message.id}|${one.call}`);
    return h("button", {
      type: "button",
      class: `button ${one.style}${waits ? " waits" : ""}`,
      "data-act": "press",
      "data-call": one.call,
      // Not `disabled`, which would take the keyboard's focus away.
      "aria-disabled": waits ? "true" : null,
      "aria-busy": waits ? "true" : null,
    }, one.label);
  }));
}

const line = (spans) => spans.map((span) => SPANS[span.is](span));

const SPANS = {
  text: (span) => span.text,
  bold: (span) => h("b", {}, span.text),
  code: (span) => h("code", {}, span.text),
  name: (span) => h("span", { class: "name" }, span.text),
  ping: (span) => h("span", { class: "ping" }, span.text),
  when: (span) => time(new Date(span.at)),
  link: (span) => anchor(span.text, span.url),
};

export const time = (date) => h("time", { datetime: date.toISOString(), title: full(date) }, moment(date));

function anchor(text, url) {
  if (url.startsWith("/#")) return h("a", { href: url.slice(1) }, text);
  return h("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, text);
}

// What a person typed: its web addresses can be followed, nothing else means anything.
export function typed(text) {
  const parts = text.split(/(https?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]])/);
  return h("div", { class: "body typed" }, h("p", { dir: "auto" }, parts.map((part, index) => (index % 2 ? anchor(part, part) : part))));
}

export function zoomed(source, alt) {
  return [
    h("img", { src: source, alt }),
    h("p", {}, alt),
    h("button", { type: "button", class: "plain close", "data-act": "unzoom", "aria-label": "Close the picture" }, icon("close")),
  ];
}
