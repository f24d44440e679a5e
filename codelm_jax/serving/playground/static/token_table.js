// All tokens of a completion as a table: to be read in order, and by screen readers.

import { rowsOf } from "./alternatives.js";
import { percent, tokenName } from "./wording.js";

/**
 * Fills the table whenever its fold is opened.
 * @param {HTMLDetailsElement} details holds a table
 * @param {() => object[]} tokens those that there are by then
 */
export function listWhenOpened(details, tokens) {
  details.addEventListener("toggle", () => {
    if (details.open) details.querySelector("tbody").replaceChildren(...tokens().map(row));
  });
}

function row(token) {
  const line = document.createElement("tr");
  const name = document.createElement("th");
  name.scope = "row";
  name.append(code(token.name));
  const probability = document.createElement("td");
  probability.textContent = token.logprob === null ? "" : percent(Math.exp(token.logprob));
  const others = document.createElement("td");
  rowsOf(token).forEach((other, place) => {
    if (place) others.append(", ");
    others.append(code(other.name), ` ${percent(Math.exp(other.logprob))}`);
  });
  line.append(name, probability, others);
  return line;
}

function code(token) {
  const element = document.createElement("code");
  element.textContent = tokenName(token);
  return element;
}
