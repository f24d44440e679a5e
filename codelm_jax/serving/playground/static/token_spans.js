// The tokens of one completion as elements: coloured, to be pointed at, tapped and walked through.

import { levelClass } from "./levels.js";
import { stepFrom } from "./walk.js";
import { visible } from "./wording.js";

const LEAVE_MS = 200;
// It adds no text: style.css shows a sign in its place.
const END_OF_TEXT = "<|endoftext|>";

/** A growing text of which every piece belongs to a token. */
export class TokenSpans {
  #container;
  #panel;
  #points = []; // characters, as code points: offsets count these
  #tokens = [];
  #spans = [];
  #tokenOf = new WeakMap();
  #leaving = 0;

  /**
   * @param {HTMLElement} container holds one element a token
   * @param {AlternativesPanel} panel
   */
  constructor(container, panel) {
    this.#container = container;
    this.#panel = panel;
    container.addEventListener("pointerover", (event) => this.#arrive(event.target));
    container.addEventListener("pointerleave", (event) => this.#leave(event));
    container.addEventListener("focusin", (event) => this.#arrive(event.target));
    container.addEventListener("focusout", (event) => this.#lose(event));
    // Safari focuses nothing by a tap.
    container.addEventListener("click", (event) => this.#tokenOf.has(event.target) && event.target.focus());
    container.addEventListener("keydown", (event) => this.#walk(event));
  }

  get text() {
    return this.#points.join("");
  }

  get tokens() {
    return this.#tokens;
  }

  /**
   * Takes what the model wrote next.
   * @param {string} text
   * @param {{name: string, logprob: number | null, ranking: object[], start: number}[]} tokens `start` counts the
   *     characters of the completion before the token
   */
  add(text, tokens) {
    const firstChanged = Math.max(0, this.#tokens.length - 1);
    this.#points.push(...text);
    for (const token of tokens) {
      const span = document.createElement("span");
      span.className = levelClass(token.logprob);
      span.classList.toggle("end-of-text", token.name === END_OF_TEXT);
      span.tabIndex = this.#tokens.length ? -1 : 0;
      this.#tokens.push(token);
      this.#spans.push(span);
      this.#tokenOf.set(span, token);
      this.#container.append(span);
    }
    if (this.#tokens.length) this.#write(firstChanged);
    else this.#container.textContent = visible(this.text);
  }

  #write(from) {
    const spans = this.#spans;
    for (let i = from; i < spans.length; i++) {
      const start = i ? Math.max(0, this.#tokens[i].start) : 0;
      const end = i + 1 < spans.length ? Math.max(0, this.#tokens[i + 1].start) : this.#points.length;
      const own = this.#points.slice(start, end).join("");
      spans[i].textContent = visible(own);
      spans[i].classList.toggle("line-end", own.startsWith("\n"));
    }
  }

  #arrive(element) {
    const token = this.#tokenOf.get(element);
    if (!token) return;
    clearTimeout(this.#leaving);
    this.#panel.show(element, token);
  }

  #leave(event) {
    if (event.pointerType !== "mouse") return;
    this.#leaving = setTimeout(() => {
      const focused = document.activeElement;
      if (this.#panel.pointedAt) return;
      if (this.#tokenOf.has(focused)) this.#arrive(focused);
      else this.#panel.hide();
    }, LEAVE_MS);
  }

  #lose(event) {
    if (!this.#tokenOf.has(event.relatedTarget)) this.#panel.hide();
  }

  #walk(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
    const next = stepFrom(event.key, event.target, this.#container);
    if (!next) return;
    event.preventDefault();
    event.target.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  }
}
