// From the server's objects to what the page shows.

/**
 * One choice of a piece as text and tokens.
 * @param {object} choice of a streamed answer to /v1/completions
 * @returns {{text: string, tokens: {name: string, logprob: number | null, ranking: {name: string, logprob: number}[],
 *     start: number}[]}}
 */
export function textAndTokens({ text, logprobs }) {
  const tokens = (logprobs?.tokens ?? []).map((name, i) => ({
    name,
    logprob: logprobs.token_logprobs[i],
    ranking: ranked(logprobs.top_logprobs?.[i] ?? {}),
    start: logprobs.text_offset[i],
  }));
  return { text, tokens };
}

function ranked(logprobOf) {
  return Object.entries(logprobOf)
    .map(([name, logprob]) => ({ name, logprob }))
    .sort((one, other) => other.logprob - one.logprob);
}
