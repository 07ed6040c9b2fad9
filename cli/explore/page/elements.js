/**
 * Elements. Whatever comes from the folder is text in them, never markup.
 *
 * @module
 */

/**
 * The element of the page with an id.
 *
 * @param {string} id
 * @returns {HTMLElement}
 */
export function at(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`The page has no element "${id}"`);
  return found;
}

/**
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Record<string, string>} attributes
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/**
 * A picture of the library to press.
 *
 * @param {import("./data.js").Library} library
 * @param {number} index
 * @param {{ caption?: string, says?: string, mark?: boolean, color?: string | null }} options `says` stands in the
 *   label after name and class; `color` is the class's.
 * @param {() => void} press
 */
export function thumbnail(library, index, { caption, says = "", mark = false, color = null }, press) {
  const name = library.record.names[index], className = library.className(index);
  const label = [name, className && `class ${className}`, says].filter(Boolean).join(", ");
  const button = element("button", { type: "button", class: "thumbnail", "aria-label": label, title: label });
  button.dataset.index = String(index);
  if (mark) button.classList.add("shared");
  button.append(
    element("img", { src: library.thumbnail(index), alt: "", loading: "lazy", decoding: "async" }),
  );
  if (caption) {
    const dot = element("i", { class: "dot" });
    if (color) dot.style.background = color;
    button.append(element("span", {}, ...color ? [dot] : [], caption));
  }
  button.addEventListener("click", press);
  return button;
}

/**
 * Buttons of which one is pressed.
 *
 * @template {string} T
 * @param {string} title
 * @param {readonly (readonly [value: T, label: string])[]} choices
 * @param {T} chosen
 * @param {(value: T) => void} choose
 */
export function choice(title, choices, chosen, choose) {
  const set = element("fieldset", { class: "choice" }, element("legend", { class: "unseen" }, title));
  for (const [value, label] of choices) {
    const input = element("input", { type: "radio", name: title, value });
    input.checked = value === chosen;
    input.addEventListener("change", () => choose(value));
    set.append(element("label", {}, input, element("span", {}, label)));
  }
  return set;
}

/** @param {number} value In 0..1. */
export function percent(value) {
  return `${(100 * value).toFixed(1)} %`;
}

/** @param {number} value */
export function counted(value) {
  return value.toLocaleString("en");
}
