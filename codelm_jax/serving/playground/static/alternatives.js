// The panel that tells what else could have stood in a token's place.

import { percent, tokenName } from "./wording.js";

const MARGIN = 8;

/** The panel: shown beside a token, or along the lower edge of a narrow screen (style.css). */
export class AlternativesPanel {
  #panel;
  #anchor = null;

  constructor(panel) {
    this.#panel = panel;
    panel.addEventListener("pointerleave", () => this.#anchor !== document.activeElement && this.hide());
  }

  get shown() {
    return this.#anchor !== null;
  }

  /** Whether the pointer rests on it: what is read stays. */
  get pointedAt() {
    return this.#panel.matches(":hover");
  }

  /** Whether an event's target lies within the panel. */
  holds(node) {
    return this.#panel.contains(node);
  }

  /** Shows the alternatives of `token` beside its element. */
  show(anchor, token) {
    this.hide();
    this.#anchor = anchor;
    anchor.classList.add("chosen");
    anchor.setAttribute("aria-describedby", this.#panel.id);
    this.#panel.replaceChildren(...contents(token));
    this.#panel.hidden = false;
    this.#place();
  }

  hide() {
    this.#anchor?.classList.remove("chosen");
    this.#anchor?.removeAttribute("aria-describedby");
    this.#anchor = null;
    this.#panel.hidden = true;
  }

  #place() {
    // A token that runs over a line end has several boxes; its first one is where it begins.
    const token = this.#anchor.getClientRects()[0];
    if (!token) return;
    const { offsetWidth: width, offsetHeight: height } = this.#panel;
    const { clientWidth, clientHeight } = document.documentElement;
    const left = Math.max(MARGIN, Math.min(token.left, clientWidth - width - MARGIN));
    const below = token.bottom + MARGIN;
    const fits = below + height <= clientHeight || token.top < height + MARGIN;
    this.#panel.style.left = `${left + scrollX}px`;
    this.#panel.style.top = `${(fits ? below : token.top - height - MARGIN) + scrollY}px`;
    // Where the panel stands fixed, the token must not lie under it.
    const covered = token.bottom - this.#panel.getBoundingClientRect().top;
    if (getComputedStyle(this.#panel).position === "fixed" && covered > 0) scrollBy(0, covered + MARGIN);
  }
}

/** The rows of a place: its most probable tokens in order, and the one that was taken wherever it stands. */
export function rowsOf(token) {
  const rows = token.ranking.map((each) => ({ ...each, taken: each.name === token.name }));
  if (token.logprob !== null && !rows.some((row) => row.taken)) {
    rows.push({ name: token.name, logprob: token.logprob, taken: true });
  }
  return rows;
}

function contents(token) {
  const rows = rowsOf(token);
  const heading = element("p", "", element("code", "", tokenName(token.name)));
  heading.append(token.logprob === null ? " has no probability" : ` had ${percent(Math.exp(token.logprob))}`);
  const list = element("ol", "");
  list.append(...rows.map(row));
  const rest = 1 - rows.reduce((sum, each) => sum + Math.exp(each.logprob), 0);
  const others = element("p", "others", `All other tokens together: ${percent(Math.max(0, rest))}`);
  return rows.length ? [heading, list, others] : [heading];
}

function row({ name, logprob, taken }) {
  const probability = Math.min(1, Math.exp(logprob));
  const filled = element("span", "");
  filled.style.width = `${100 * probability}%`;
  const bar = element("span", "bar", filled);
  bar.setAttribute("aria-hidden", "true");
  const mark = element("span", "", taken ? "✓" : "");
  const item = element("li", taken ? "taken" : "", mark, element("code", "", tokenName(name)), bar);
  item.append(element("span", "figure", percent(probability)));
  return item;
}

function element(tag, className, ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...children);
  return made;
}
