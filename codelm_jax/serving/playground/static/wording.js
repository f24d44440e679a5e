// Figures and tokens in words; the report's page says them alike.

const MANY_BLANKS = / {4,}/g;
// What shows as nothing, or turns the direction of reading: control and format characters, lone surrogates.
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;
const UNSEEN_BUT_BREAKS = /(?![\n\t])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** A token on one line, its blanks visible, and counted where they are many. */
export function tokenName(token) {
  const named = token
    .replace(MANY_BLANKS, (blanks) => `␣×${blanks.length}`)
    .replaceAll("\r", "␍")
    .replaceAll("\n", "↵")
    .replaceAll("\t", "⇥")
    .replaceAll(" ", "␣");
  return named.replace(UNSEEN, spelled) || "(empty)";
}

/** Text with every character spelled out that would show as nothing, or reorder its surroundings. */
export function visible(text) {
  return text.replace(UNSEEN_BUT_BREAKS, spelled);
}

/** A share as per cent, never broken over two lines. */
export function percent(share, digits = 1) {
  if (share > 0 && share < 0.0005) return "<\u00a00.1\u00a0%";
  return `${(100 * share).toFixed(digits)}\u00a0%`;
}

/** "1 token", "2 tokens". */
export function countOf(count, what) {
  return `${count.toLocaleString("en")} ${what}${count === 1 ? "" : "s"}`;
}

function spelled(char) {
  return `\\u{${char.codePointAt(0).toString(16)}}`;
}
