// The place where completions appear.

import { CompletionCard } from "./completion_card.js";
import { countOf } from "./wording.js";

/** The completions of the last prompt. */
export class Completions {
  #place;
  #cards = [];

  /** @param {HTMLElement} place */
  constructor(place) {
    this.#place = place;
  }

  /**
   * Makes room for `n` completions of a prompt.
   * @param {string} prompt as typed
   * @param {number} n
   * @param {AlternativesPanel} panel
   * @param {object} actions see CompletionCard
   */
  begin(prompt, n, panel, actions) {
    const numbers = Array.from({ length: n }, (_, i) => i + 1);
    this.#cards = numbers.map((number) => new CompletionCard({ prompt, number, of: n }, panel, actions));
    this.#place.classList.toggle("several", n > 1);
    this.#place.replaceChildren(...this.#cards.map((card) => card.element));
  }

  /** Takes one of the server's objects. */
  add({ choices }) {
    for (const choice of choices) this.#cards[choice.index]?.add(choice);
  }

  /** Ends what has no end yet; `how` says why. */
  end(how) {
    for (const card of this.#cards) card.end(how);
  }

  /** Whether nothing has come yet. */
  get isEmpty() {
    return this.#cards.every((card) => !card.tokenCount);
  }

  /** How many completions and tokens there are, and how many collapsed. */
  get summary() {
    const tokens = this.#cards.reduce((sum, card) => sum + card.tokenCount, 0);
    const collapsed = this.#cards.filter((card) => card.collapsed).length;
    const which = this.#cards.length > 1 ? `${collapsed} of them` : "It";
    const counts = `${countOf(this.#cards.length, "completion")}, ${countOf(tokens, "token")}.`;
    return collapsed ? `${counts} ${which} collapsed.` : counts;
  }

  clear() {
    const empty = document.createElement("p");
    empty.className = "empty";
    empty.textContent = "Nothing yet.";
    this.#cards = [];
    this.#place.replaceChildren(empty);
  }
}
