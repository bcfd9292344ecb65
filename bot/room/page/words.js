// Times and counts as words, in the reader's own zone and language.

const clockFormat = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit" });
const dayFormat = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const shortFormat = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", hour: "numeric", minute: "2-digit" });
const fullFormat = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" });

export const clock = (date) => clockFormat.format(date);
export const full = (date) => fullFormat.format(date);
export const sameDay = (one, other) => one.toDateString() === other.toDateString();
export const plural = (number, noun, many = noun + "s") => `${number} ${number === 1 ? noun : many}`;

// 812 bytes, 1.4 kB, 23 MB: in thousands, as browsers and file managers show downloads.
export function bytes(number) {
  if (number < 1000) return plural(number, "byte");
  const unit = number < 1e6 ? [1e3, "kB"] : [1e6, "MB"];
  const value = number / unit[0];
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${unit[1]}`;
}

// 14:05 today, with the day before that.
export const moment = (date) => (sameDay(date, new Date()) ? clock(date) : shortFormat.format(date));

export function day(date) {
  const now = new Date();
  if (sameDay(date, now)) return "Today";
  if (sameDay(date, new Date(now.getFullYear(), now.getMonth(), now.getDate() - 1))) return "Yesterday";
  return dayFormat.format(date);
}

export function names(list) {
  return list.length < 2 ? list.join("") : `${list.slice(0, -1).join(", ")} and ${list.at(-1)}`;
}
