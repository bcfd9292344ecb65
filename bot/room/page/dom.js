// Builds and updates the page's elements. Text becomes text nodes, never markup: nothing here reads HTML.

export const $ = (id) => document.getElementById(id);

// An element. False, null and undefined attributes and children are left out; a string child is a text node.
export function h(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

const given = (value) => value !== false && value !== null && value !== undefined;

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (given(value)) node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.flat(3).filter(given));
  return node;
}

const PATHS = {
  menu: "M4 7h16M4 12h16M4 17h16",
  close: "M6 6l12 12M18 6L6 18",
  send: "M5 12h13M12 5.5l6.5 6.5-6.5 6.5",
  smile: "M12 21a9 9 0 1 1 0-18 9 9 0 0 1 0 18zM8.5 14.2c1.9 2.6 5.1 2.6 7 0M9 9.6v.2M15 9.6v.2",
  reply: "M20 12.5c0 3.6-3.6 6.5-8 6.5-1 0-2-.2-2.900-.4L4.500 20l1-3.600C4.600 15.300 4 14 4 12.500 4 8.900 7.600 6 12 6s8 2.900 8 6.500z",
  trash: "M5 7h14M10 7V4.500h4V7M7 7l.8 12.500h8.400L17 7M10.500 11v5M13.500 11v5",
  eye: "M2.500 12S6 5.500 12 5.500 21.500 12 21.500 12 18 18.500 12 18.500 2.500 12 2.500 12zM12 14.800a2.800 2.800 0 1 0 0-5.600 2.800 2.800 0 0 0 0 5.600z",
  plus: "M12 5.500v13M5.500 12h13",
  down: "M12 5.500v13M6 12.500l6 6 6-6",
  download: "M12 4.500v10.500M7 10.500l5 5 5-5M5 19.500h14",
  lock: "M6 11h12v8.500H6zM8.500 11V8a3.500 3.500 0 0 1 7 0v3",
  people: "M9 11.500a3.500 3.500 0 1 0 0-7 3.500 3.500 0 0 0 0 7zM2.500 19.500c.6-3.600 3.200-5 6.500-5s5.900 1.400 6.500 5M15.500 4.800a3.500 3.500 0 0 1 0 6.400M17.500 14.900c2.200.6 3.600 2 4 4.600",
  chevron: "M7 10l5 5 5-5",
  copy: "M9 9h10v11H9zM15 9V4.500H5V15h4",
  check: "M5 12.500l4.500 4.500L19 7.500",
  link: "M10 14a4 4 0 0 0 5.700 0l3-3A4 4 0 0 0 13 5.300l-1 1M14 10a4 4 0 0 0-5.700 0l-3 3A4 4 0 0 0 11 18.700l1-1",
};

export function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const path = fill(document.createElementNS(space, "path"), { d: PATHS[name] }, []);
  const attributes = { viewBox: "0 0 24 24", class: "icon", "aria-hidden": "true" };
  return fill(document.createElementNS(space, "svg"), attributes, [path]);
}

// Makes `old` like `fresh` with the fewest changes, so that focus, scroll and selection stay where they are.
export function morph(old, fresh) {
  if (old.nodeName !== fresh.nodeName) return old.replaceWith(fresh);
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.data !== fresh.data) old.data = fresh.data;
    return undefined;
  }
  for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  return morphChildren(old, [...fresh.childNodes]);
}

export function morphChildren(parent, fresh) {
  const old = [...parent.childNodes];
  fresh.forEach((node, index) => (index < old.length ? morph(old[index], node) : parent.append(node)));
  for (const extra of old.slice(fresh.length)) extra.remove();
}

// Brings a list to these items: [{ key, stamp, build }]. An element is built again only when its stamp has changed.
export function sync(list, items) {
  const known = new Map([...list.children].map((node) => [node.dataset.key, node]));
  let place = list.firstChild;
  for (const { key, stamp, build } of items) {
    let node = known.get(key);
    known.delete(key);
    if (!node) {
      node = build();
      node.dataset.key = key;
      node.dataset.stamp = stamp;
    } else if (node.dataset.stamp !== stamp) {
      const fresh = build();
      fresh.dataset.key = key;
      fresh.dataset.stamp = stamp;
      morph(node, fresh);
    }
    if (node === place) place = place.nextSibling;
    else list.insertBefore(node, place);
  }
  for (const node of known.values()) node.remove();
}
