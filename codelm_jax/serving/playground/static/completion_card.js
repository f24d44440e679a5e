// One completion on the page: its text as it grows, what is known of it once it has ended, and what to do with it.

import { collapseWarning, figures } from "./collapse.js";
import { textAndTokens } from "./pieces.js";
import { TokenSpans } from "./token_spans.js";
import { listWhenOpened } from "./token_table.js";
import { countOf, percent, visible } from "./wording.js";

const ENDS = { stop: "came to its end", length: "cut at the token limit" };

/** One of the completions of a prompt. */
export class CompletionCard {
  #figure;
  #spans;
  #began = performance.now();
  #finishReason = null;
  #collapse = null;

  /**
   * @param {object} asked
   * @param {string} asked.prompt as typed, without worked examples
   * @param {number} asked.number counts the completions of the prompt from 1
   * @param {number} asked.of how many there are
   * @param {AlternativesPanel} panel
   * @param {{copy: (text: string, element: HTMLElement) => void, proceed: (text: string) => void,
   *     halt: () => void}} actions
   */
  constructor({ prompt, number, of }, panel, actions) {
    this.#figure = document.getElementById("completion").content.firstElementChild.cloneNode(true);
    this.#spans = new TokenSpans(this.#find(".tokens"), panel);
    this.#find(".text > .prompt").textContent = visible(prompt);
    this.#figure.setAttribute("aria-label", of === 1 ? "Completion" : `Completion ${number} of ${of}`);
    const whole = () => prompt + this.#spans.text;
    this.#find(".halt").addEventListener("click", actions.halt);
    this.#find(".copy").addEventListener("click", () => actions.copy(whole(), this.#find(".text")));
    this.#find(".continue").addEventListener("click", () => actions.proceed(whole()));
    listWhenOpened(this.#find(".listing"), () => this.#spans.tokens);
    this.#say("Waiting …");
  }

  get element() {
    return this.#figure;
  }

  get tokenCount() {
    return this.#spans.tokens.length;
  }

  get collapsed() {
    return this.#collapse?.collapsed ?? false;
  }

  /** Takes one choice of a piece of the server's answer. */
  add(choice) {
    const { text, tokens } = textAndTokens(choice);
    this.#spans.add(text, tokens);
    this.#finishReason = choice.finish_reason ?? this.#finishReason;
    this.#collapse = choice.collapse ?? this.#collapse;
    if (this.#finishReason) this.end();
    else this.#say(`Writing … ${countOf(this.tokenCount, "token")}`);
  }

  /** Says how it ended: as the server said, or otherwise. */
  end(otherwise = "") {
    if (this.#figure.getAttribute("aria-busy") === "false") return;
    this.#figure.setAttribute("aria-busy", "false");
    const seconds = (performance.now() - this.#began) / 1000;
    const words = [ENDS[this.#finishReason] ?? otherwise, countOf(this.tokenCount, "token")];
    if (this.tokenCount) words.push(`${(this.tokenCount / seconds).toFixed(0)} a second`);
    const logprobs = this.#spans.tokens.map((token) => token.logprob).filter((logprob) => logprob !== null);
    if (logprobs.length) {
      const mean = logprobs.reduce((sum, logprob) => sum + logprob, 0) / logprobs.length;
      words.push(`typical token probability ${percent(Math.exp(mean), 0)}`);
    }
    this.#judge(words);
  }

  #judge(words) {
    if (this.#collapse) this.#find(".repetition").textContent = figures(this.#collapse);
    const warning = this.#find(".warning");
    if (this.collapsed) {
      this.#figure.classList.add("collapsed");
      warning.textContent = collapseWarning(this.#collapse);
      warning.hidden = false;
      this.#say(`✗ Collapsed; ${words.join("; ")}`);
    } else if (this.#collapse) {
      this.#figure.classList.add("good");
      this.#say(`✓ Did not collapse; ${words.join("; ")}`);
    } else {
      this.#figure.classList.add("other");
      const [first, ...rest] = words;
      this.#say(`– ${[first[0].toUpperCase() + first.slice(1), ...rest].join("; ")}`);
    }
  }

  #say(text) {
    this.#find("figcaption").textContent = text;
  }

  #find(selector) {
    return this.#figure.querySelector(selector);
  }
}
