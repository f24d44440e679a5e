// The classes of probability that colour a token: those of the report's page.

const UPPER_ENDS = [0.01, 0.1, 0.5, 0.9];

/** The CSS class of a token of this log-probability (nats), or "" where there is none. */
export function levelClass(logprob) {
  if (logprob === null) return "";
  const probability = Math.exp(Math.min(0, logprob));
  return `p${UPPER_ENDS.filter((end) => probability >= end).length}`;
}
