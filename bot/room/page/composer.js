// The box to write in: grows with its text, keeps drafts, completes slash commands by keyboard and by pointer.

import { h, icon } from "./dom.js";
import { post } from "./net.js";
import { draft, setDraft, state } from "./state.js";

const LONGEST = 20000; // the room takes 4000 and says so; a cut without a word would be worse

const last = (line) => line.trim().replace(/^.*[\s/]/, "");

export class Composer {
  // `where()` gives { channel, thread, key, hint }; `send(text)` is called with what was written.
  constructor(form, id, where, send) {
    this.where = where;
    this.send = send;
    this.choices = [];
    this.chosen = -1;
    this.asked = 0;
    this.popup = h("ul", { class: "popup", id: `${id}-choices`, role: "listbox", "aria-label": "Completions", hidden: true });
    this.box = h("textarea", {
      id, rows: 1, maxlength: LONGEST, role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false",
      "aria-controls": `${id}-choices`, spellcheck: "true", enterkeyhint: "send",
    });
    this.button = h("button", { type: "submit", class: "send", "aria-label": "Send" }, icon("send"));
    const keys = [["/", "commands"], ["Tab", "completes"], ["Shift Enter", "new line"]];
    const hint = h("p", { class: "hint" }, keys.map(([key, what]) => [h("kbd", {}, key), ` ${what}  `]));
    form.append(this.popup, h("div", { class: "box" }, this.box, this.button), hint);
    form.addEventListener("submit", (event) => { event.preventDefault(); this.submit(); });
    this.box.addEventListener("input", () => this.typed());
    this.box.addEventListener("keydown", (event) => this.key(event));
    this.box.addEventListener("blur", () => setTimeout(() => document.activeElement !== this.box && this.close(), 150));
    this.popup.addEventListener("pointerdown", (event) => {
      event.preventDefault(); // keeps the focus in the box
      const row = event.target.closest("[role=option]");
      if (row) this.take(Number(row.dataset.index));
    });
  }

  // Another channel or thread: its draft and its hint.
  show() {
    const { key, hint } = this.where();
    this.box.placeholder = hint;
    this.box.setAttribute("aria-label", hint);
    if (this.key_ === key) return;
    this.key_ = key;
    this.set(draft(key));
    this.close();
  }

  set(text) {
    this.box.value = text;
    this.fit();
  }

  write(text) {
    this.set(text);
    this.box.focus();
    this.typed();
  }

  fit() {
    this.box.style.height = "auto";
    this.box.style.height = `${Math.min(this.box.scrollHeight, 220)}px`;
    this.button.classList.toggle("ready", Boolean(this.box.value.trim()));
  }

  typed() {
    this.fit();
    setDraft(this.where().key, this.box.value);
    this.complete();
  }

  submit() {
    const text = this.box.value.trim();
    if (!text) return;
    this.set("");
    setDraft(this.where().key, "");
    this.close();
    this.send(text);
  }

  async complete() {
    const text = this.box.value;
    const asked = ++this.asked;
    if (!text.startsWith("/") || text.includes("\n") || this.box.selectionEnd !== text.length) return this.close();
    const { channel, thread } = this.where();
    const asking = post("complete", { person: state.me, channel, thread, text }, { again: false });
    const told = await asking.catch(() => ({ choices: [] }));
    if (asked !== this.asked || document.activeElement !== this.box) return undefined;
    this.choices = told.choices.filter((one) => one.value !== text);
    // Enter sends what is written, unless its last word is the beginning of the first choice and of nothing whole.
    const first = this.choices[0]?.value;
    const begun = first && !/\s$/.test(text) && (first.startsWith(text) || last(first).startsWith(last(text)));
    const whole = told.choices.some((one) => one.value.trim() === text.trim());
    this.chosen = begun && !whole ? 0 : -1;
    return this.draw();
  }

  draw() {
    const open = this.choices.length > 0;
    this.popup.replaceChildren(...this.choices.map((choice, index) => this.row(choice, index)));
    this.popup.hidden = !open;
    this.box.setAttribute("aria-expanded", String(open));
    const row = this.popup.children[this.chosen];
    if (row) this.box.setAttribute("aria-activedescendant", row.id);
    else this.box.removeAttribute("aria-activedescendant");
    row?.scrollIntoView({ block: "nearest" });
  }

  row(choice, index) {
    const [first, ...rest] = choice.label.split(" · ");
    const chosen = String(index === this.chosen);
    return h("li", { role: "option", id: `${this.popup.id}-${index}`, "data-index": index, "aria-selected": chosen },
      h("b", {}, first), rest.length > 0 && h("span", {}, rest.join(" · ")));
  }

  close() {
    this.asked += 1;
    this.choices = [];
    this.chosen = -1;
    this.draw();
  }

  take(index) {
    const choice = this.choices[index];
    if (choice) this.write(choice.value);
  }

  key(event) {
    if (event.isComposing) return;
    const open = this.choices.length > 0;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (open && step) {
      const count = this.choices.length;
      this.chosen = this.chosen < 0 ? (step > 0 ? 0 : count - 1) : (this.chosen + step + count) % count;
      this.draw();
    } else if (open && event.key === "Tab" && !event.shiftKey) {
      this.take(Math.max(this.chosen, 0));
    } else if (open && event.key === "Escape") {
      this.close();
      event.stopPropagation();
    } else if (event.key === "Enter" && !event.shiftKey) {
      if (open && this.chosen >= 0) this.take(this.chosen);
      else this.submit();
    } else return;
    event.preventDefault();
  }
}
