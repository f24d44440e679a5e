// What the server found of how much a finished text repeats itself, in words.

import { percent } from "./wording.js";

const HELP =
  "A higher temperature, a repetition penalty above 1, or worked examples before the prompt may help.";

/**
 * Why a text counts as collapsed, with its figures; "" where it does not.
 * @param {{collapsed: boolean, is_empty: boolean, ends_in_loop: boolean, seq_rep_4: number, threshold: number,
 *     human_seq_rep_4: number}} collapse
 */
export function collapseWarning(collapse) {
  if (!collapse.collapsed) return "";
  if (collapse.is_empty) return "The model wrote nothing.";
  const reason = collapse.ends_in_loop ? "The text ends in a loop." : "The text repeats itself.";
  return `${reason} ${figures(collapse)} ${HELP}`;
}

/** How much the text repeats itself, beside what people write. */
export function figures({ seq_rep_4: own, threshold, human_seq_rep_4: human }) {
  return (
    `${percent(own)} of its runs of four tokens had occurred before; in real code of this length ` +
    `${percent(human)} have, and more than ${percent(threshold)} only once in a hundred times.`
  );
}
