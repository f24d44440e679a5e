// The choice of worked examples that go before the prompt.

import { visible } from "./wording.js";

/** The list of examples, what they say, and prompts that fit them. */
export class WorkedExamples {
  #select;
  #place;
  #offered = [];

  /**
   * @param {HTMLSelectElement} select
   * @param {HTMLElement} place shows what was chosen
   * @param {(prompt: string) => void} tried called with a prompt to try
   */
  constructor(select, place, tried) {
    this.#select = select;
    this.#place = place;
    select.addEventListener("input", () => this.show());
    place.querySelector("#tries").addEventListener("click", (event) => {
      if (event.target.localName === "button") tried(event.target.dataset.prompt);
    });
  }

  /** Takes what the server offers. */
  offer(examples) {
    this.#offered = examples;
    this.#select.append(...examples.map(({ name }) => new Option(name, name)));
  }

  /** What goes before the prompt. */
  get prefix() {
    return this.#chosen?.prefix ?? "";
  }

  /** Shows what was chosen. */
  show() {
    const chosen = this.#chosen;
    this.#place.hidden = !chosen;
    this.#place.querySelector("#prefix").textContent = visible(this.prefix);
    const buttons = (chosen?.prompts ?? []).map((prompt) => {
      const button = document.createElement("button");
      button.type = "button";
      button.dataset.prompt = prompt;
      button.textContent = visible(prompt);
      return button;
    });
    this.#place.querySelector("#tries").replaceChildren(...buttons);
  }

  get #chosen() {
    return this.#offered.find(({ name }) => name === this.#select.value);
  }
}
